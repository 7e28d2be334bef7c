// The program `catvox-mpi`: `catvox export` by all ranks of an MPI job together.

#include <mpi.h>

#include <catvox/core/error.hpp>
#include <catvox/core/version.hpp>
#include <catvox/export/mpi.hpp>
#include <iostream>
#include <string>

#include "export.hpp"
#include "support/program.hpp"
#include "support/server.hpp"

namespace {

using catvox::Errc;
using catvox::Error;

/// One rank speaks for all: rank 0, or the lowest one that failed.
class Ranks final : public tools::Team {
 public:
  Ranks() {
    if (team_.rank() > 0) speak(false);
  }

  [[nodiscard]] catvox::WorkShare& share() override { return team_; }

  catvox::ExportReport total(const catvox::ExportReport& mine) override {
    if (team_.end(false)) throw Error(Errc::cancelled, "another rank has failed");
    if (team_.rank() > 0) {  // rank 0 lists its own
      speak(true);
      tools::print_failures(mine);
      speak(false);
    }
    return team_.total(mine);
  }

  /// Runs what one rank runs, so that the others hear of its failure.
  void run(const std::function<void()>& export_part) {
    try {
      export_part();
    } catch (const Error& error) {
      end_by(error.code(), error.what());
    } catch (const std::exception& error) {
      end_by(Errc::io, error.what());
    }
  }

 private:
  static void speak(bool loud) {
    for (std::ostream* stream : {&std::cout, &std::cerr}) {
      loud ? stream->clear() : stream->setstate(std::ios::failbit);
    }
  }

  [[noreturn]] void end_by(Errc code, const std::string& why) {
    const auto failed = team_.end(true);
    speak(failed.value_or(0) == team_.rank());
    throw Error(code, "rank " + std::to_string(team_.rank()) + " of " + std::to_string(team_.size()) + ": " + why);
  }

  catvox::MpiTeam team_;
};

int run(int argc, char** argv) {
  Ranks ranks;
  CLI::App app{"Export CATMAID image stacks by all ranks of an MPI job.", "catvox-mpi"};
  app.set_version_flag("--version", "catvox " CATVOX_VERSION);
  app.require_subcommand(0, 1);
  app.footer(std::string(tools::exit_code_help) + "\n\n" + tools::environment_help);
  tools::Command command = tools::add_export(app, &ranks);
  command.examples = "  mpirun -n 16 catvox-mpi export --stack \"FAFB v14\" --level 4 --output fafb.zarr";
  command.app->footer("Examples:\n" + command.examples + "\n\n" + tools::exit_code_help);
  const auto export_part = command.run;
  command.run = [&] { ranks.run(export_part); };
  return tools::run_program(app, {command}, argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const int code = run(argc, argv);
  MPI_Finalize();
  return code;
}
