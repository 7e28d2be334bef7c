#pragma once

#include <catvox/export/run_export.hpp>

#include "support/command.hpp"

namespace tools {

/// Other processes that work at the same export.
class Team {
 public:
  virtual ~Team() = default;
  virtual catvox::WorkShare& share() = 0;
  /// Waits for the others. \returns what all have done
  virtual catvox::ExportReport total(const catvox::ExportReport& mine) = 0;
};

/// A line on stderr for each block that could not be read.
void print_failures(const catvox::ExportReport& report);

/// `catvox export`: a level of a stack, or a box of it, of any size, into files that other programs open.
/// \param team  null: nobody
Command add_export(CLI::App& program, Team* team = nullptr);

}  // namespace tools
