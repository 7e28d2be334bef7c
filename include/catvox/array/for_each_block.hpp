#pragma once

#include <catvox/array/blocks.hpp>
#include <catvox/array/detail/block_run.hpp>
#include <catvox/array/detail/chunk_count.hpp>
#include <catvox/array/detail/view_access.hpp>
#include <catvox/array/read_options.hpp>
#include <catvox/array/scale_view.hpp>
#include <cstddef>
#include <stop_token>
#include <utility>

namespace catvox {

/// Calls f(block) for every part of a view, each a view whose voxels f reads as it likes. Parts are begun in their order,
/// and the chunks of those that come next are fetched meanwhile. In memory are the blocks that f holds, the stack's cache,
/// and the regions that walks over the blocks keep (see docs/arrays.md).
///
/// What f throws ends it: reads of other threads stop, and it is thrown here when no f runs any more.
/// \param f        if options.threads is not 1, called on several threads at once
/// \throws Error{cancelled} if options.stop was triggered before all parts were done
template <class View, class F>
void for_each_block(const Blocks<View>& blocks, F&& f, const BlockOptions& options = {}) {
  if (blocks.empty()) return;
  std::stop_source stop;  // triggered by options.stop, and by the first failure
  const std::stop_callback stops_too(options.stop, [&stop] { stop.request_stop(); });
  ReadOptions bound;
  bound.stop = stop.get_token();
  bound.read_ahead = false;  // done here
  const Blocks<View> parts = blocks.with(std::move(bound));

  const View first = parts[0];  // no other is much larger
  const abi::BlockRun run{
      .count = parts.size(),
      .bytes = first.size() * sizeof(typename View::value_type),
      .chunks = static_cast<std::size_t>(detail::count_chunks(
          detail::ViewAccess::layout(first).selection(), detail::ViewAccess::level(first).source()->chunk_shape()))};
  const auto fetch = [&](std::size_t i) { parts[i].prefetch(stop.get_token()); };
  const auto work = [&](std::size_t i) { f(parts[i]); };
  abi::run_blocks(run, options, stop, fetch, work);
}

/// The same for the parts of a view that follow the chunk grid, view.blocks().
template <class T, std::size_t N, class F>
void for_each_block(const ScaleView<T, N>& view, F&& f, const BlockOptions& options = {}) {
  for_each_block(view.blocks(), std::forward<F>(f), options);
}

}  // namespace catvox
