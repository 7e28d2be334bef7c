// Each MISUSE is a mistake that must not compile, and for which the compiler must say what is wrong in catvox's words.

#include <catvox/array/scale_view.hpp>
#include <vector>

void use(const catvox::ScaleView<std::uint8_t>& level) {
#if MISUSE == 0  // none: this must compile, or the rest proves nothing
  xt::xtensor<std::uint8_t, 2> plane({4, 4});
  level.slice(0).read_into(plane);
#elif MISUSE == 1
  (void)level.slice(xt::all(), 1, xt::all(), 2);
#elif MISUSE == 2
  (void)level.slice(xt::keep(1, 2));
#elif MISUSE == 3
  xt::xtensor<std::uint8_t, 2> plane({4, 4});
  level.read_into(plane);
#elif MISUSE == 4
  xt::xtensor<float, 3> floats({4, 4, 4});
  level.read_into(floats);
#elif MISUSE == 5
  (void)level.at(1, 2);
#elif MISUSE == 6
  (void)level.slice(1.5);
#elif MISUSE == 7  // it would point to a view that is gone
  (void)level.slice(0).begin();
#elif MISUSE == 8
  (void)catvox::ScaleView<std::uint8_t>(level).crend<xt::layout_type::column_major>();
#elif MISUSE == 9
  (void)level.transpose().begin(level.shape());
#elif MISUSE == 10
  (void)level.cast<char>();
#endif
}
