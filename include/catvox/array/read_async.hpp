#pragma once

#include <catvox/array/scale_view.hpp>
#include <cstddef>
#include <future>
#include <utility>

// ScaleView::read_async() for those who ask for it: <future> is large.

namespace catvox::detail {

template <class T, std::size_t N>
std::future<xt::xtensor<T, N>> load_asynchronously(ScaleView<T, N> view, ReadOptions options) {
  return std::async(std::launch::async,
                    [view = std::move(view), options = std::move(options)] { return view.load(options); });
}

}  // namespace catvox::detail
