#pragma once

/// \file
/// Everything that reading a CATMAID image stack takes.

#include <catvox/client/catmaid_client.hpp>
#include <catvox/client/select.hpp>
#include <catvox/client/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/version.hpp>
#include <catvox/http/url.hpp>
#include <catvox/view/scale_view.hpp>
