#include <algorithm>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/core/error.hpp>
#include <cctype>
#include <limits>
#include <utility>

#include "bytes/json.hpp"
#include "catmaid/server_error.hpp"

namespace catvox {

namespace {

using detail::Json;
using detail::JsonNode;

// Whole numbers up to here are exact in a double, in which JavaScript and the geometry compute.
constexpr std::int64_t max_extent = std::int64_t{1} << 53;

// ---- reading ----------------------------------------------------------------------------------------------------

std::string string_or_empty(const JsonNode& object, const char* key) {
  const auto node = object.find(key);
  return node ? node->string() : std::string();
}

/// A text that nothing depends on: whatever came, as JSON if it is none.
std::string note(const JsonNode& object, const char* key) {
  const auto node = object.find(key);
  if (!node) return {};
  return node->value().is_string() ? node->string() : detail::json_text(node->value());
}

/// What `read` gives; nothing if the document holds something else there.
template <class F>
auto if_sensible(F&& read) -> decltype(std::optional(read())) {
  try {
    return read();
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::int64_t integer_or(const JsonNode& object, const char* key, std::int64_t otherwise) {
  const auto node = object.find(key);
  return node ? node->integer() : otherwise;
}

StackVector read_vector(const JsonNode& node) {
  return {node.at("x").number(), node.at("y").number(), node.at("z").number()};
}

StackVector read_positive_vector(const JsonNode& node) {
  return {node.at("x").positive(), node.at("y").positive(), node.at("z").positive()};
}

StackDimension read_dimension(const JsonNode& node) {
  return {node.at("x").integer(1, max_extent), node.at("y").integer(1, max_extent),
          node.at("z").integer(1, max_extent)};
}

std::optional<std::vector<StackVector>> read_downsample_factors(const JsonNode& info) {
  const auto node = info.find("downsample_factors");
  if (!node) return std::nullopt;
  std::vector<StackVector> factors;
  for (const JsonNode& level : node->items()) factors.push_back(read_positive_vector(level));
  return factors;
}

Orientation read_orientation(const JsonNode& info) {
  const auto node = info.find("orientation");
  if (!node) return Orientation::xy;
  for (const auto orientation : {Orientation::xy, Orientation::xz, Orientation::zy}) {
    if (detail::to_integer(node->value()) == static_cast<std::int64_t>(orientation)) return orientation;
    if (node->value().is_string()) {  // pymaid's spelling is lower case
      std::string text = node->string();
      std::transform(text.begin(), text.end(), text.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      if (text == name(orientation)) return orientation;
    }
  }
  node->complain("0 (XY), 1 (XZ) or 2 (ZY)");
}

std::map<std::int64_t, std::int64_t> read_broken_slices(const JsonNode& info) {
  std::map<std::int64_t, std::int64_t> broken;
  const auto node = info.find("broken_slices");
  if (!node) return broken;
  if (node->value().is_array()) {
    for (const JsonNode& index : node->items()) broken[index.integer()] = 1;
    return broken;
  }
  if (!node->value().is_object()) node->complain("an object or a list");
  for (const auto& [key, value] : node->value().items()) {
    const auto index = detail::to_integer(Json(key));
    if (!index) node->complain("an object with integers as keys");
    broken[*index] = node->at(key.c_str()).integer();
  }
  return broken;
}

/// The object that a text holds, if it holds one.
std::optional<Json> parse_object(const std::string& text) {
  try {
    Json value = detail::parse_json(text, "metadata");
    if (value.is_object()) return value;
  } catch (const Error&) {  // free text: that is what the field was for at first
  }
  return std::nullopt;
}

void read_metadata(const JsonNode& from, StackInfo& info) {
  const auto node = from.find("metadata");
  if (!node) return;
  info.metadata_is_string = node->value().is_string();
  std::string text = info.metadata_is_string ? node->string() : detail::json_text(node->value());
  if (!text.empty()) info.metadata = std::move(text);
  info.metadata_is_string = info.metadata_is_string && info.metadata;
}

std::optional<StackDimension> read_canary_location(const JsonNode& info) {
  const auto node = info.find("canary_location");
  if (!node) return std::nullopt;
  const auto voxel = if_sensible([&] { return read_vector(*node); });
  const auto fits = [](double v) { return v >= 0 && v < static_cast<double>(max_extent); };
  if (!voxel || !fits(voxel->x) || !fits(voxel->y) || !fits(voxel->z)) return std::nullopt;
  return StackDimension{static_cast<std::int64_t>(voxel->x), static_cast<std::int64_t>(voxel->y),
                        static_cast<std::int64_t>(voxel->z)};
}

std::optional<Color> read_placeholder_color(const JsonNode& info) {
  const auto node = info.find("placeholder_color");
  if (!node) return std::nullopt;
  return if_sensible([&] {
    Color color{node->at("r").number(), node->at("g").number(), node->at("b").number()};
    if (const auto alpha = node->find("a")) color.a = alpha->number();
    return color;
  });
}

MirrorInfo read_mirror(const JsonNode& node) {
  MirrorInfo mirror;
  mirror.id = node.at("id").integer();
  mirror.title = string_or_empty(node, "title");
  mirror.image_base = node.at("image_base").string();
  mirror.tile_width = node.at("tile_width").integer(1, MirrorInfo::max_tile_side);
  mirror.tile_height = node.at("tile_height").integer(1, MirrorInfo::max_tile_side);
  mirror.tile_source_type = static_cast<int>(node.at("tile_source_type").integer(0, std::numeric_limits<int>::max()));
  mirror.file_extension = node.at("file_extension").string();
  mirror.position = integer_or(node, "position", 0);
  return mirror;
}

/// A mirror of a stack. What is wrong with one must not take the others with it.
MirrorInfo read_some_mirror(const JsonNode& node) {
  try {
    return read_mirror(node);
  } catch (const Error& error) {
    MirrorInfo mirror;
    mirror.fault = error.what();
    mirror.tile_source_type = -1;
    if (!node.value().is_object()) return mirror;
    const auto integer = [&](const char* key, std::int64_t otherwise) {
      return if_sensible([&] { return integer_or(node, key, otherwise); }).value_or(otherwise);
    };
    const auto type = integer("tile_source_type", -1);
    if (type >= 0 && type <= std::numeric_limits<int>::max()) mirror.tile_source_type = static_cast<int>(type);
    mirror.id = integer("id", 0);
    mirror.title = note(node, "title");
    mirror.image_base = if_sensible([&] { return string_or_empty(node, "image_base"); }).value_or("");
    mirror.tile_width = integer("tile_width", 0);
    mirror.tile_height = integer("tile_height", 0);
    mirror.file_extension = if_sensible([&] { return string_or_empty(node, "file_extension"); }).value_or("");
    mirror.position = integer("position", 0);
    return mirror;
  }
}

std::vector<MirrorInfo> read_mirrors(const JsonNode& node) {
  std::vector<MirrorInfo> mirrors;
  for (const JsonNode& mirror : node.items()) mirrors.push_back(read_some_mirror(mirror));
  std::stable_sort(mirrors.begin(), mirrors.end(),
                   [](const MirrorInfo& a, const MirrorInfo& b) { return a.position < b.position; });
  return mirrors;
}

/// A number, or (render, DVID) a text.
void read_id(const JsonNode& node, std::int64_t& id, std::string& id_text) {
  const JsonNode from = node.at("id");
  const bool number = detail::to_integer(from.value()).has_value();
  if (!number && from.value().is_string() && !from.string().empty()) {
    id_text = from.string();
  } else {
    id = from.integer();
  }
}

StackSummary read_summary(const JsonNode& node) {
  StackSummary stack{0, if_sensible([&] { return integer_or(node, "pid", 0); }).value_or(0), note(node, "title"),
                     note(node, "comment")};
  read_id(node, stack.id, stack.id_text);
  return stack;
}

ProjectSummary read_project(const JsonNode& node) {
  ProjectSummary project{0, note(node, "title"), note(node, "comment"), {}};
  read_id(node, project.id, project.id_text);
  if (const auto stacks = node.find("stacks")) {
    for (const JsonNode& stack : stacks->items()) {
      project.stacks.push_back(read_summary(stack));
      project.stacks.back().pid = project.id;
    }
  }
  if (const auto groups = node.find("stackgroups")) {
    for (const JsonNode& group : groups->items()) {
      project.stack_groups.push_back({group.at("id").integer(), note(group, "title"), note(group, "comment")});
    }
  }
  return project;
}

// ---- writing ----------------------------------------------------------------------------------------------------

Json write(const StackVector& v) { return {{"x", v.x}, {"y", v.y}, {"z", v.z}}; }
Json write(const StackDimension& d) { return {{"x", d.x}, {"y", d.y}, {"z", d.z}}; }
Json write(const Color& c) { return {{"r", c.r}, {"g", c.g}, {"b", c.b}, {"a", c.a}}; }

Json write(const MirrorInfo& mirror) {
  return {{"id", mirror.id},
          {"title", mirror.title},
          {"image_base", mirror.image_base},
          {"tile_width", mirror.tile_width},
          {"tile_height", mirror.tile_height},
          {"tile_source_type", mirror.tile_source_type},
          {"file_extension", mirror.file_extension},
          {"position", mirror.position}};
}

template <class T>
Json write(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(write(value));
  return list;
}

template <class T>
Json write(const std::optional<T>& value) {
  return value ? write(*value) : Json();
}

Json write_metadata(const StackInfo& info) {
  if (!info.metadata) return nullptr;
  if (!info.metadata_is_string) {
    if (auto value = if_sensible([&] { return detail::parse_json(*info.metadata, "metadata"); })) return *value;
  }
  return *info.metadata;
}

}  // namespace

MirrorInfo MirrorInfo::from_json(std::string_view text) {
  const Json answer = detail::parse_answer(text, "mirror info");
  return read_mirror({answer, "mirror info"});
}

std::string MirrorInfo::to_json() const { return detail::json_text(write(*this)); }

StackInfo StackInfo::from_json(std::string_view text) {
  const Json answer = detail::parse_answer(text, "stack info");
  const JsonNode node(answer, "stack info");
  StackInfo info;
  info.sid = node.at("sid").integer();
  info.pid = node.at("pid").integer();
  info.ptitle = note(node, "ptitle");
  info.stitle = note(node, "stitle");
  info.downsample_factors = read_downsample_factors(node);
  info.num_zoom_levels = integer_or(node, "num_zoom_levels", -1);
  info.translation = read_vector(node.at("translation"));
  info.resolution = read_positive_vector(node.at("resolution"));
  info.dimension = read_dimension(node.at("dimension"));
  info.comment = note(node, "comment");
  info.description = note(node, "description");
  read_metadata(node, info);
  info.broken_slices = read_broken_slices(node);
  info.mirrors = read_mirrors(node.at("mirrors"));
  info.orientation = read_orientation(node);
  if (node.find("attribution")) info.attribution = note(node, "attribution");
  info.canary_location = read_canary_location(node);
  info.placeholder_color = read_placeholder_color(node);
  (void)info.voxel_offset();  // a wrong one is better reported here than when a level is opened
  return info;
}

std::string StackInfo::to_json() const {
  Json broken = Json::object();
  for (const auto& [slice, value] : broken_slices) broken[std::to_string(slice)] = value;
  return detail::json_text({{"sid", sid},
                            {"pid", pid},
                            {"ptitle", ptitle},
                            {"stitle", stitle},
                            {"downsample_factors", write(downsample_factors)},
                            {"num_zoom_levels", num_zoom_levels},
                            {"translation", write(translation)},
                            {"resolution", write(resolution)},
                            {"dimension", write(dimension)},
                            {"comment", comment},
                            {"description", description},
                            {"metadata", write_metadata(*this)},
                            {"broken_slices", std::move(broken)},
                            {"mirrors", write(mirrors)},
                            {"orientation", static_cast<int>(orientation)},
                            {"attribution", attribution ? Json(*attribution) : Json()},
                            {"canary_location", write(canary_location)},
                            {"placeholder_color", write(placeholder_color)}});
}

StackVector StackInfo::voxel_offset() const {
  const auto object = metadata && !metadata_is_string ? parse_object(*metadata) : std::nullopt;
  if (!object) return {};
  const auto offset = JsonNode(*object, "stack info", "metadata").find("voxelOffset");
  if (!offset) return {};
  if (!offset->value().is_array() || offset->value().size() != 3) offset->complain("a list of three numbers");
  const auto xyz = offset->items();
  return {xyz[0].number(), xyz[1].number(), xyz[2].number()};
}

ScaleLevels StackInfo::scale_levels() const {
  ScaleLevels levels{downsample_factors, num_zoom_levels, dimension, std::nullopt};
  for (const MirrorInfo& mirror : mirrors) {
    if (mirror.tile_width < 1 || mirror.tile_height < 1) continue;
    const auto side = std::min(mirror.tile_width, mirror.tile_height);
    levels.smallest_tile_side = std::min(side, levels.smallest_tile_side.value_or(side));
  }
  return levels;
}

std::vector<StackSummary> StackSummary::list_from_json(std::string_view text) {
  const Json answer = detail::parse_answer(text, "stack list");
  std::vector<StackSummary> stacks;
  for (const JsonNode& node : JsonNode(answer, "stack list").items()) stacks.push_back(read_summary(node));
  return stacks;
}

StackSummary StackSummary::from_json(std::string_view text) {
  const Json answer = detail::parse_answer(text, "stack summary");
  return read_summary({answer, "stack summary"});
}

std::string StackSummary::to_json() const {
  return detail::json_text(
      {{"id", id_text.empty() ? Json(id) : Json(id_text)}, {"pid", pid}, {"title", title}, {"comment", comment}});
}

std::vector<ProjectSummary> ProjectSummary::list_from_json(std::string_view text) {
  const Json answer = detail::parse_answer(text, "project list");
  std::vector<ProjectSummary> projects;
  for (const JsonNode& node : JsonNode(answer, "project list").items()) projects.push_back(read_project(node));
  return projects;
}

}  // namespace catvox
