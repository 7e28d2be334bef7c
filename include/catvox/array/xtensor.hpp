#pragma once

// xtensor 0.24 and 0.25 keep their headers in one folder, 0.26 and later in several. Everything of xtensor that the
// view needs comes through here: containers, xt::view, reducers (which xmath.hpp brings with mean() and its kin).
#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xnoalias.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

// xtensor 0.24 and 0.25 lack this for any standard but C++17, where they have it for g++. In C++20 template template
// parameters match through default arguments, so the *dynamic* shape svector<std::size_t, 4> fits the pattern meant for
// std::array<std::size_t, 4>, temporaries of dynamic rank become xtensor<T, 4>, and `xt::strided_view(a, …) = b` writes
// nothing, with no error. The specialisation has to be seen before any temporary's type is computed.
#if XTENSOR_VERSION_MAJOR == 0 && XTENSOR_VERSION_MINOR < 26 && defined(__GNUC__) && !defined(__clang__)
namespace xt::detail {
template <template <class, std::size_t, class, bool> class S, class X, std::size_t N, class A, bool Init>
struct xtype_for_shape<S<X, N, A, Init>> {
  template <class T, layout_type L>
  using type = xarray<T, L>;
};
}  // namespace xt::detail
#endif
