#pragma once

#include <catvox/core/export.hpp>
#include <catvox/export/run_export.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace catvox {

/// The ranks of MPI_COMM_WORLD as workers of one export: each takes the next piece when it is done with one, so that slow
/// ranks take fewer. Target catvox::mpi, where MPI was found.
///
/// Every member but rank() and size() is collective or waits for others: a rank that fails must say so by end(true), once,
/// and then take part in nothing more.
class CATVOX_EXPORT MpiTeam final : public WorkShare {
 public:
  /// Collective. MPI must be initialised, and finalised after the team is gone.
  MpiTeam();
  ~MpiTeam() override;
  MpiTeam(const MpiTeam&) = delete;
  MpiTeam& operator=(const MpiTeam&) = delete;

  /// This process's number.
  [[nodiscard]] int rank() const noexcept;
  /// How many there are.
  [[nodiscard]] int size() const noexcept;

  std::optional<std::int64_t> next(std::size_t level, std::int64_t pieces) override;

  /// Waits for the other ranks. \throws Error{cancelled} if one of them has failed
  void level_done(std::size_t level) override;

  /// Waits for the other ranks to end, or tells them that this one has failed: they then end with the piece that they are
  /// at. \returns the lowest rank that failed, absent if none did
  std::optional<int> end(bool failed);

  /// What all ranks did, on every rank; failures are those of this rank. Collective, after end().
  [[nodiscard]] ExportReport total(const ExportReport& mine) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace catvox
