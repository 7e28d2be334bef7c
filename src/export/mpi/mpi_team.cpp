#include <mpi.h>

#include <algorithm>
#include <array>
#include <catvox/core/error.hpp>
#include <catvox/export/mpi.hpp>
#include <limits>
#include <string>
#include <utility>

// In a window of rank 0 lie the next piece of each level, and whether a rank has failed.
//
// Ranks meet once for each level and once at the end, in the same order, unless they hear of a failure at a meeting: then
// none of them meets again. A rank that fails goes to the meeting that the others will come to next, and says so there;
// that they come soon is what the flag in the window is for: next() gives them no further piece. So no rank waits for one
// that has left.
namespace catvox {
namespace {

constexpr std::size_t most_levels = 64;
constexpr int nobody = std::numeric_limits<int>::max();

}  // namespace

struct MpiTeam::State {
  int rank = 0, size = 1;
  MPI_Win window = MPI_WIN_NULL;
  std::int64_t* counters = nullptr;  // of rank 0: most_levels, then the flag
  std::optional<int> failed;         // heard of at a meeting
  bool ended = false;

  std::int64_t fetch_and_add(std::size_t at, std::int64_t number) {
    std::int64_t before = 0;
    MPI_Fetch_and_op(&number, &before, MPI_INT64_T, 0, static_cast<MPI_Aint>(at), MPI_SUM, window);
    MPI_Win_flush(0, window);
    return before;
  }

  void meet(bool mine_failed) {
    int mine = mine_failed ? rank : nobody, lowest = nobody;
    MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (lowest != nobody) failed = lowest;
  }
};

MpiTeam::MpiTeam() : state_(std::make_unique<State>()) {
  MPI_Comm_rank(MPI_COMM_WORLD, &state_->rank);
  MPI_Comm_size(MPI_COMM_WORLD, &state_->size);
  const MPI_Aint bytes = state_->rank == 0 ? static_cast<MPI_Aint>((most_levels + 1) * sizeof(std::int64_t)) : 0;
  MPI_Win_allocate(bytes, sizeof(std::int64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &state_->counters, &state_->window);
  if (state_->rank == 0) std::fill_n(state_->counters, most_levels + 1, 0);
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, state_->window);
}

MpiTeam::~MpiTeam() {
  MPI_Win_unlock_all(state_->window);
  MPI_Win_free(&state_->window);  // collective: waits for the others
}

int MpiTeam::rank() const noexcept { return state_->rank; }
int MpiTeam::size() const noexcept { return state_->size; }

std::optional<std::int64_t> MpiTeam::next(std::size_t level, std::int64_t pieces) {
  if (level >= most_levels) throw Error(Errc::too_large, "MPI: at most 64 levels");
  if (state_->fetch_and_add(most_levels, 0) != 0) return std::nullopt;
  const std::int64_t piece = state_->fetch_and_add(level, 1);
  return piece < pieces ? std::optional(piece) : std::nullopt;
}

void MpiTeam::level_done(std::size_t) {
  state_->meet(false);
  if (state_->failed) {
    throw Error(Errc::cancelled, "rank " + std::to_string(*state_->failed) + " has failed");
  }
}

std::optional<int> MpiTeam::end(bool failed) {
  if (!state_->failed && !std::exchange(state_->ended, true)) {
    if (failed) state_->fetch_and_add(most_levels, 1);
    state_->meet(failed);
  }
  return state_->failed;
}

ExportReport MpiTeam::total(const ExportReport& mine) const {
  std::array<std::int64_t, 8> numbers{mine.written,        mine.absent,         mine.failed,
                                      mine.bytes_written,  mine.missing_chunks, mine.reads.bytes_received,
                                      mine.reads.requests, mine.reads.chunks};
  std::array<std::int64_t, 8> sums{};
  MPI_Allreduce(numbers.data(), sums.data(), static_cast<int>(sums.size()), MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  // The last rank to look saw everything that was complete, the first one what was before.
  std::array<std::int64_t, 2> least{mine.waiting, mine.before}, all{};
  MPI_Allreduce(least.data(), all.data(), 2, MPI_INT64_T, MPI_MIN, MPI_COMM_WORLD);
  double seconds = 0;
  MPI_Allreduce(&mine.seconds, &seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  ExportReport report = mine;
  report.written = sums[0];
  report.absent = sums[1];
  report.failed = sums[2];
  report.bytes_written = sums[3];
  report.missing_chunks = sums[4];
  report.reads.bytes_received = sums[5];
  report.reads.requests = sums[6];
  report.reads.chunks = sums[7];
  report.waiting = all[0];
  report.before = all[1];
  report.seconds = seconds;
  return report;
}

}  // namespace catvox
