#pragma once

#include <catvox/array/detail/resident_runs.hpp>
#include <catvox/array/xtensor.hpp>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace catvox::detail {

/// Goes through the voxels of a view. Trivially copyable, as algorithms copy iterators all the time; what it reads from is
/// in the table of the thread that dereferences it. Only that reads voxels, and can throw.
///
/// \tparam View  has `walked<L>(walk, position)`
template <class View, xt::layout_type L>
class ViewIterator {
 public:
  using iterator_category = std::random_access_iterator_tag;  // but for its reference, which is a value
  using value_type = typename View::value_type;
  using difference_type = std::ptrdiff_t;
  using reference = value_type;
  using pointer = const value_type*;

  ViewIterator() = default;

  /// \param walk  of the view in this order, see Run::walk
  ViewIterator(const View& view, std::uint64_t walk, std::size_t position) noexcept
      : view_(&view), walk_(walk), position_(position) {}

  [[nodiscard]] value_type operator*() const { return at(position_); }
  [[nodiscard]] value_type operator[](difference_type n) const { return at(position_ + static_cast<std::size_t>(n)); }

  ViewIterator& operator++() noexcept {
    ++position_;
    return *this;
  }
  ViewIterator operator++(int) noexcept {
    const ViewIterator before = *this;
    ++position_;
    return before;
  }
  ViewIterator& operator--() noexcept {
    --position_;
    return *this;
  }
  ViewIterator operator--(int) noexcept {
    const ViewIterator before = *this;
    --position_;
    return before;
  }
  ViewIterator& operator+=(difference_type n) noexcept {
    position_ += static_cast<std::size_t>(n);
    return *this;
  }
  ViewIterator& operator-=(difference_type n) noexcept {
    position_ -= static_cast<std::size_t>(n);
    return *this;
  }
  friend ViewIterator operator+(ViewIterator it, difference_type n) noexcept { return it += n; }
  friend ViewIterator operator+(difference_type n, ViewIterator it) noexcept { return it += n; }
  friend ViewIterator operator-(ViewIterator it, difference_type n) noexcept { return it -= n; }
  friend difference_type operator-(const ViewIterator& a, const ViewIterator& b) noexcept {
    return static_cast<difference_type>(a.position_ - b.position_);
  }
  friend bool operator==(const ViewIterator& a, const ViewIterator& b) noexcept { return a.position_ == b.position_; }
  friend auto operator<=>(const ViewIterator& a, const ViewIterator& b) noexcept {
    return static_cast<difference_type>(a.position_) <=> static_cast<difference_type>(b.position_);
  }

 private:
  [[nodiscard]] value_type at(std::size_t position) const {
    const Run& run = run_table.runs[walk_ / 2 % RunTable::entries];
    const std::size_t in_run = position - run.first;
    if (run.walk == walk_ && in_run < run.count) [[likely]] {
      return static_cast<const value_type*>(run.data)[in_run];
    }
    return view_->template walked<L>(walk_, position);
  }

  const View* view_ = nullptr;
  std::uint64_t walk_ = 0;
  std::size_t position_ = 0;
};

}  // namespace catvox::detail
