#pragma once

/// \file
/// Everything that reading a CATMAID image stack takes.

#include <catvox/array/array_source.hpp>
#include <catvox/array/for_each_block.hpp>
#include <catvox/array/read_async.hpp>
#include <catvox/array/read_cubes.hpp>
#include <catvox/array/scale_view.hpp>
#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/catmaid/mirror_types.hpp>
#include <catvox/catmaid/select.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/version.hpp>
#include <catvox/http/url.hpp>
