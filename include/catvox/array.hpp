#pragma once

/// \file
/// Lazy arrays over levels of one's own, or over memory, without the library that fetches and decodes: nothing to link.
/// Target catvox::array. (A program that links catvox::catvox includes catvox/catvox.hpp, where this is compiled once.)

#include <catvox/array/array_source.hpp>
#include <catvox/array/detail/block_grid_impl.hpp>
#include <catvox/array/detail/block_run_impl.hpp>
#include <catvox/array/detail/cube_order_impl.hpp>
#include <catvox/array/detail/resident_regions_impl.hpp>
#include <catvox/array/detail/resident_runs_impl.hpp>
#include <catvox/array/detail/view_geometry_impl.hpp>
#include <catvox/array/detail/view_layout_impl.hpp>
#include <catvox/array/for_each_block.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/array/read_cubes.hpp>
#include <catvox/array/scale_view.hpp>
#include <catvox/core/detail/error_impl.hpp>
#include <catvox/core/detail/memory_impl.hpp>
#include <catvox/core/version.hpp>
#include <catvox/geometry/detail/level_geometry_impl.hpp>
#include <catvox/geometry/detail/scale_levels_impl.hpp>
