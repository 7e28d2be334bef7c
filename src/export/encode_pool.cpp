#include "export/encode_pool.hpp"

#include <algorithm>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <new>
#include <utility>

#include "core/quiet_thread.hpp"

namespace catvox::detail {

namespace {
constexpr std::size_t most_pieces = 2;  // in work, while another one is read
}

void allocate(Piece& piece, const Box& box, std::int64_t channels, std::size_t item) {
  const Shape3 shape = box.shape();
  const auto size = static_cast<std::int64_t>(item);
  const std::int64_t channel = checked_multiply(volume(shape), size, "bytes of a piece");
  piece.box = box;
  try {
    piece.memory.resize(static_cast<std::size_t>(checked_multiply(channel, channels, "bytes of a piece")));
  } catch (const std::bad_alloc&) {
    throw Error(Errc::too_large, "a piece of the export takes " + std::to_string(channel * channels) +
                                     " bytes, more than there is memory: choose smaller blocks");
  }
  piece.voxels = {piece.memory.data(), channel, {shape[1] * shape[2] * size, shape[2] * size, size}};
}

EncodePool::EncodePool(BlockWriter& writer, Journal& journal, int threads) : writer_(writer), journal_(journal) {
  const auto count = threads > 0 ? static_cast<unsigned>(threads) : std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) {
    try {
      threads_.push_back(start_quiet_thread([this] { run(); }));
    } catch (const Error&) {
      if (i == 0) throw;  // fewer than wanted will do
      break;
    }
  }
}

EncodePool::~EncodePool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

void EncodePool::add(Piece piece) {
  std::unique_lock lock(mutex_);
  // Predicate: there is room. A thread that notes a piece makes some; one that fails says so. There is a thread.
  space_.wait(lock, [this] { return failure_ || pieces_.size() < most_pieces; });
  if (failure_) std::rethrow_exception(failure_);
  if (piece.parts.empty()) return;
  pieces_.push_back({std::move(piece)});
  work_.notify_all();
}

void EncodePool::finish() {
  std::unique_lock lock(mutex_);
  space_.wait(lock, [this] { return failure_ || pieces_.empty(); });
  if (failure_) std::rethrow_exception(failure_);
}

EncodePool::Counters EncodePool::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void EncodePool::run() noexcept {
  const auto waiting = [](const Work& work) { return work.begun < work.piece.parts.size(); };
  std::unique_lock lock(mutex_);
  while (true) {
    std::list<Work>::iterator next;
    // Predicate: a block has not begun, or the end. add() and the destructor notify.
    work_.wait(lock, [&] {
      next = std::ranges::find_if(pieces_, waiting);
      return stopping_ || failure_ || next != pieces_.end();
    });
    if (stopping_ || failure_) return;
    Work& work = *next;  // stays where it is: a list
    const Piece::Part& part = work.piece.parts[work.begun++];
    lock.unlock();
    std::exception_ptr failed;
    bool absent = false;
    std::int64_t bytes = 0;
    try {
      absent = part.absent && writer_.write_absent(part.block);
      if (!absent) bytes = writer_.write(part.block, work.piece.at(part.block.box.min));
    } catch (...) {
      failed = std::current_exception();
    }
    const bool last = [&] {  // of its piece: nobody else touches it any more
      lock.lock();
      if (!failed) ++(absent ? counters_.absent : counters_.written);
      counters_.bytes += bytes;
      return ++work.done == work.piece.parts.size();
    }();
    if (!failed && last) {
      try {
        if (!failure_) note(work);
        pieces_.erase(next);
      } catch (...) {
        failed = std::current_exception();
      }
    }
    if (failed && !failure_) failure_ = failed;
    space_.notify_all();
    if (failure_) work_.notify_all();
  }
}

void EncodePool::note(Work& work) {
  writer_.sync();
  std::vector<std::int64_t> numbers;
  for (const Piece::Part& part : work.piece.parts) numbers.push_back(part.number);
  journal_.add(work.piece.level, std::move(numbers));
}

}  // namespace catvox::detail
