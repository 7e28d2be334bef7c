#pragma once

#include <catvox/array/detail/block_grid.hpp>
#include <catvox/array/detail/view_access.hpp>
#include <catvox/array/read_options.hpp>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

namespace catvox {

/// A view in parts, each a view. Nothing is read, and nothing kept of a part, before it is asked for.
template <class View>
class Blocks {
 public:
  /// Goes through the parts; gives each by value.
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;  // gives values, not references
    using value_type = View;
    using difference_type = std::ptrdiff_t;
    using reference = View;
    using pointer = void;

    iterator() = default;
    iterator(const Blocks* blocks, std::size_t i) noexcept : blocks_(blocks), i_(i) {}
    [[nodiscard]] View operator*() const { return (*blocks_)[i_]; }
    iterator& operator++() noexcept {
      ++i_;
      return *this;
    }
    iterator operator++(int) noexcept { return {blocks_, i_++}; }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.i_ == b.i_; }

   private:
    const Blocks* blocks_ = nullptr;
    std::size_t i_ = 0;
  };
  using const_iterator = iterator;  ///< parts cannot be replaced

  /// Made by ScaleView::blocks().
  Blocks(View whole, abi::BlockGrid grid)
      : whole_(std::move(whole)), grid_(std::make_shared<const abi::BlockGrid>(std::move(grid))) {}

  /// How many parts there are.
  [[nodiscard]] std::size_t size() const noexcept { return grid_->size(); }
  /// Whether there is none.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// Part i, in C order of the view's axes. \param i  < size()
  [[nodiscard]] View operator[](std::size_t i) const { return detail::ViewAccess::with_layout(whole_, (*grid_)[i]); }

  /// What the parts are of.
  [[nodiscard]] const View& whole() const& noexcept { return whole_; }

  /// The same parts of whole().with(options).
  [[nodiscard]] Blocks with(ReadOptions options) const { return {whole_.with(std::move(options)), grid_}; }

  /// The first part.
  [[nodiscard]] iterator begin() const& noexcept { return {this, 0}; }
  /// Behind the last part.
  [[nodiscard]] iterator end() const& noexcept { return {this, size()}; }
  void begin() const&& = delete;  // it would point to what is gone
  void end() const&& = delete;

 private:
  Blocks(View whole, std::shared_ptr<const detail::BlockGrid> grid)
      : whole_(std::move(whole)), grid_(std::move(grid)) {}

  View whole_;
  std::shared_ptr<const abi::BlockGrid> grid_;
};

}  // namespace catvox
