#include <catvox/catmaid/stack_info.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/caught.hpp"

using namespace catvox;

namespace {

using Members = std::map<std::string, std::string>;  // key -> JSON text

std::string object(const Members& members) {
  std::string text = "{";
  for (const auto& [key, value] : members) text += (text.size() > 1 ? ", \"" : "\"") + key + "\": " + value;
  return text + '}';
}

const Members mirror_members{{"id", "4"},
                             {"title", R"("LMB")"},
                             {"image_base", R"("https://em.example/fafb/")"},
                             {"tile_width", "1024"},
                             {"tile_height", "512"},
                             {"tile_source_type", "5"},
                             {"file_extension", R"("jpg")"},
                             {"position", "2"}};

const Members info_members{
    {"sid", "7"},
    {"pid", "1"},
    {"ptitle", R"("Adult brain")"},
    {"stitle", R"("FAFB v14 ")"},
    {"downsample_factors", R"([{"x": 1, "y": 1, "z": 1}, {"x": 2, "y": 2.5, "z": 1}])"},
    {"num_zoom_levels", "1"},
    {"translation", R"({"x": 0, "y": -3.5, "z": 6050})"},
    {"resolution", R"({"x": 4, "y": 4.6, "z": 40})"},
    {"dimension", R"({"x": 253952, "y": 155648, "z": 7063})"},
    {"comment", R"("")"},
    {"description", R"("ssTEM")"},
    {"metadata", R"({"clamp": false})"},
    {"broken_slices", R"({"4": 1, "5": -2})"},
    {"mirrors", '[' + object(mirror_members) + ']'},
    {"orientation", "0"},
    {"attribution", R"("© somebody")"},
    {"canary_location", R"({"x": 3, "y": 4, "z": 5})"},
    {"placeholder_color", R"({"r": 0.25, "g": 0.5, "b": 0.75, "a": 1})"},
};

const std::string missing = "(the key is not there)";

Members with(Members members, const std::string& key, const std::string& value) {
  if (value == missing) {
    members.erase(key);
  } else {
    members[key] = value;
  }
  return members;
}

/// The stack info with one member replaced; "mirror." addresses the mirror's.
std::string info_text(const std::string& key, const std::string& value) {
  const std::string prefix = "mirror.";
  if (!key.starts_with(prefix)) return object(with(info_members, key, value));
  return object(
      with(info_members, "mirrors", '[' + object(with(mirror_members, key.substr(prefix.size()), value)) + ']'));
}

Caught refusal(const std::string& text) {
  return caught([&] { return StackInfo::from_json(text); });
}

}  // namespace

TEST_CASE("a stack info of CATMAID 2022 parses whole", "[metadata]") {
  const StackInfo info = StackInfo::from_json(object(info_members));
  CHECK(info.sid == 7);
  CHECK(info.pid == 1);
  CHECK(info.ptitle == "Adult brain");
  CHECK(info.stitle == "FAFB v14 ");
  CHECK(info.downsample_factors == std::vector<StackVector>{{1, 1, 1}, {2, 2.5, 1}});
  CHECK(info.num_zoom_levels == 1);
  CHECK(info.translation == StackVector{0, -3.5, 6050});
  CHECK(info.resolution == StackVector{4, 4.6, 40});
  CHECK(info.dimension == StackDimension{253952, 155648, 7063});
  CHECK(info.comment.empty());
  CHECK(info.description == "ssTEM");
  CHECK(info.metadata == R"({"clamp":false})");
  CHECK(info.broken_slices == std::map<std::int64_t, std::int64_t>{{4, 1}, {5, -2}});
  REQUIRE(info.mirrors.size() == 1);
  CHECK(info.mirrors[0].id == 4);
  CHECK(info.mirrors[0].title == "LMB");
  CHECK(info.mirrors[0].image_base == "https://em.example/fafb/");
  CHECK(info.mirrors[0].tile_width == 1024);
  CHECK(info.mirrors[0].tile_height == 512);
  CHECK(info.mirrors[0].tile_source_type == 5);
  CHECK(info.mirrors[0].file_extension == "jpg");
  CHECK(info.mirrors[0].position == 2);
  CHECK(info.orientation == Orientation::xy);
  CHECK(info.attribution == "© somebody");
  CHECK(info.canary_location == StackDimension{3, 4, 5});
  CHECK(info.placeholder_color == Color{0.25, 0.5, 0.75, 1});
}

TEST_CASE("to_json writes what CATMAID would", "[metadata]") {
  const StackInfo info = StackInfo::from_json(object(info_members));
  // as from_json() reads it, but the keys in order and without spaces
  CHECK(info.to_json() ==
        R"({"attribution":"© somebody","broken_slices":{"4":1,"5":-2},"canary_location":{"x":3,"y":4,"z":5},)"
        R"("comment":"","description":"ssTEM","dimension":{"x":253952,"y":155648,"z":7063},)"
        R"("downsample_factors":[{"x":1.0,"y":1.0,"z":1.0},{"x":2.0,"y":2.5,"z":1.0}],"metadata":{"clamp":false},)"
        R"("mirrors":[{"file_extension":"jpg","id":4,"image_base":"https://em.example/fafb/","position":2,)"
        R"("tile_height":512,"tile_source_type":5,"tile_width":1024,"title":"LMB"}],"num_zoom_levels":1,)"
        R"("orientation":0,"pid":1,"placeholder_color":{"a":1.0,"b":0.75,"g":0.5,"r":0.25},"ptitle":"Adult brain",)"
        R"("resolution":{"x":4.0,"y":4.6,"z":40.0},"sid":7,"stitle":"FAFB v14 ",)"
        R"("translation":{"x":0.0,"y":-3.5,"z":6050.0}})");
  CHECK(StackInfo::from_json(info.to_json()) == info);
}

TEST_CASE("odd forms mean what the plain ones mean", "[metadata]") {
  auto [key, odd, plain] = GENERATE(table<std::string, std::string, std::string>({
      {"sid", R"("7")", "7"},
      {"sid", "7.0", "7"},
      {"sid", R"("7.0")", "7"},
      {"sid", "7e0", "7"},
      {"pid", R"("9007199254740993")", "9007199254740993"},
      {"num_zoom_levels", missing, "-1"},
      {"num_zoom_levels", "null", "-1"},
      {"num_zoom_levels", "-1.0", "-1"},
      {"ptitle", missing, R"("")"},
      {"stitle", missing, R"("")"},
      {"stitle", "null", R"("")"},
      {"comment", "null", R"("")"},
      {"comment", missing, R"("")"},
      {"description", "null", R"("")"},
      {"attribution", missing, "null"},
      {"downsample_factors", missing, "null"},
      {"downsample_factors", R"([{"x": "1", "y": "1.0", "z": 1.0}])", R"([{"x": 1, "y": 1, "z": 1}])"},
      {"translation", R"({"x": "-0.5", "y": "1e3", "z": 6050.0, "t": 9})", R"({"x": -0.5, "y": 1000, "z": 6050})"},
      {"resolution", R"({"x": "3.8", "y": 3.80, "z": "50"})", R"({"x": 3.8, "y": 3.8, "z": 50})"},
      {"dimension", R"({"x": "100", "y": 200.0, "z": "300.0"})", R"({"x": 100, "y": 200, "z": 300})"},
      {"orientation", missing, "0"},
      {"orientation", "null", "0"},
      {"orientation", R"("2")", "2"},
      {"orientation", "1.0", "1"},
      {"orientation", R"("XY")", "0"},
      {"orientation", R"("xz")", "1"},
      {"orientation", R"("zy")", "2"},
      {"metadata", missing, "null"},
      {"metadata", R"("")", "null"},
      {"broken_slices", missing, "{}"},
      {"broken_slices", "null", "{}"},
      {"broken_slices", "[]", "{}"},
      {"broken_slices", "[4, 5]", R"({"4": 1, "5": 1})"},
      {"broken_slices", R"(["5", "4", 4.0])", R"({"4": 1, "5": 1})"},
      {"broken_slices", R"({"4": "1", "5": -2.0})", R"({"4": 1, "5": -2})"},
      {"canary_location", missing, "null"},
      {"canary_location", R"({"x": "3", "y": 4.0, "z": 5})", R"({"x": 3, "y": 4, "z": 5})"},
      {"placeholder_color", missing, "null"},
      {"placeholder_color", R"({"r": 0, "g": "0.5", "b": 1})", R"({"r": 0, "g": 0.5, "b": 1, "a": 1})"},
      {"editable", "true", missing},
      {"trakem2_project", R"({"deeper": [null]})", missing},
      {"stitle", "7", R"("7")"},
      {"comment", R"({"a": 1})", R"("{\"a\":1}")"},
      {"canary_location", R"({"x": 3.7, "y": 4.5, "z": 5.0})", R"({"x": 3, "y": 4, "z": 5})"},
      {"canary_location", R"({"x": 3, "y": null, "z": 5})", "null"},
      {"canary_location", R"({"x": -1, "y": 4, "z": 5})", "null"},
      {"canary_location", R"({"x": 1e300, "y": 4, "z": 5})", "null"},
      {"canary_location", "[]", "null"},
      {"placeholder_color", R"({"r": null, "g": null, "b": null, "a": null})", "null"},
      {"placeholder_color", R"({"r": "red", "g": 0, "b": 0})", "null"},
      {"error", "null", missing},
      {"detail", R"("a key of tomorrow")", missing},
      {"mirror.id", R"("4")", "4"},
      {"mirror.title", "null", R"("")"},
      {"mirror.title", missing, R"("")"},
      {"mirror.file_extension", "null", R"("")"},
      {"mirror.tile_width", R"("256")", "256"},
      {"mirror.tile_height", "65535.0", "65535"},
      {"mirror.tile_source_type", R"("11")", "11"},
      {"mirror.position", missing, "0"},
      {"mirror.position", "null", "0"},
      {"mirror.default_opacity", "50", missing},
  }));
  CAPTURE(key, odd, plain);
  const StackInfo info = StackInfo::from_json(info_text(key, odd));
  CHECK(info == StackInfo::from_json(info_text(key, plain)));
  CHECK(StackInfo::from_json(info.to_json()) == info);
  CHECK(info.to_json() == StackInfo::from_json(info.to_json()).to_json());
}

TEST_CASE("values survive JSON and back to the last bit", "[metadata]") {
  auto [key, value] = GENERATE(table<std::string, std::string>({
      {"sid", "9223372036854775807"},
      {"sid", "-9223372036854775808"},
      {"downsample_factors", "[]"},
      {"downsample_factors", "null"},
      {"resolution", R"({"x": 0.1, "y": 3.3333333333333335, "z": 5e-324})"},
      {"dimension", R"({"x": 9007199254740992, "y": 1, "z": 1})"},
      {"attribution", R"("")"},
      {"attribution", "null"},
      {"metadata", R"("section 5 is upside down")"},
      {"metadata", R"("[1, 2]")"},
      {"metadata", "[1, 2]"},
      {"metadata", "{}"},
      {"stitle", R"("tab\t, \"quotes\", \u0000 and \ud83e\udde0")"},
      {"mirrors", "[]"},
      {"mirror.file_extension", R"("jpg?x=y")"},
      {"mirror.tile_source_type", "99"},
  }));
  CAPTURE(key, value);
  const StackInfo info = StackInfo::from_json(info_text(key, value));
  CHECK(StackInfo::from_json(info.to_json()) == info);
}

TEST_CASE("a title that is not UTF-8 does not stop to_json", "[metadata]") {
  StackInfo info = StackInfo::from_json(object(info_members));
  info.stitle = "Z\xfcrich";
  CHECK(StackInfo::from_json(info.to_json()).stitle == "Z\xef\xbf\xbdrich");
}

TEST_CASE("an info that lacks or garbles what is needed names the key", "[metadata]") {
  auto [key, value, text] = GENERATE(table<std::string, std::string, std::string>({
      {"sid", missing, R"(missing key "sid")"},
      {"pid", missing, R"(missing key "pid")"},
      {"translation", missing, R"(missing key "translation")"},
      {"resolution", missing, R"(missing key "resolution")"},
      {"dimension", missing, R"(missing key "dimension")"},
      {"mirrors", missing, R"(missing key "mirrors")"},
      {"dimension", R"({"x": 1, "y": 1})", R"(missing key "dimension.z")"},
      {"translation", "null", R"("translation" must be an object, got null)"},
      {"resolution", "[4, 4, 40]", R"("resolution" must be an object, got [4,4,40])"},
      {"mirrors", "{}", R"("mirrors" must be a list, got {})"},
      {"mirrors", "null", R"("mirrors" must be a list, got null)"},

      {"sid", "null", R"("sid" must be an integer of at most 64 bits, got null)"},
      {"sid", "7.5", R"("sid" must be an integer of at most 64 bits, got 7.5)"},
      {"sid", "1e300", R"("sid" must be an integer of at most 64 bits, got 1e+300)"},
      {"sid", "9223372036854775808", R"("sid" must be an integer of at most 64 bits, got 9223372036854775808)"},
      {"sid", "9223372036854775808.0", R"("sid" must be an integer of at most 64 bits, got 9.223372036854776e+18)"},
      {"sid", "true", R"("sid" must be an integer of at most 64 bits, got true)"},
      {"sid", R"("seven")", R"("sid" must be an integer of at most 64 bits, got "seven")"},
      {"sid", R"("7 ")", R"("sid" must be an integer of at most 64 bits, got "7 ")"},
      {"sid", R"("")", R"("sid" must be an integer of at most 64 bits, got "")"},
      {"sid", R"("nan")", R"("sid" must be an integer of at most 64 bits, got "nan")"},
      {"sid", "1e999", R"(a number after key "sid" does not fit a double)"},
      {"num_zoom_levels", "3.5", R"("num_zoom_levels" must be an integer of at most 64 bits, got 3.5)"},
      {"dimension", R"({"x": 1, "y": 0, "z": 1})",
       R"("dimension.y" must be an integer from 1 to 9007199254740992, got 0)"},
      {"dimension", R"({"x": -5, "y": 1, "z": 1})",
       R"("dimension.x" must be an integer from 1 to 9007199254740992, got -5)"},
      {"dimension", R"({"x": 1, "y": 1, "z": 9007199254740993})",
       R"("dimension.z" must be an integer from 1 to 9007199254740992, got 9007199254740993)"},
      {"resolution", R"({"x": 4, "y": 4, "z": 0})", R"("resolution.z" must be a number > 0, got 0)"},
      {"resolution", R"({"x": -4, "y": 4, "z": 40})", R"("resolution.x" must be a number > 0, got -4)"},
      {"resolution", R"({"x": "inf", "y": 4, "z": 40})", R"("resolution.x" must be a number > 0, got "inf")"},
      {"resolution", R"({"x": "4nm", "y": 4, "z": 40})", R"("resolution.x" must be a number > 0, got "4nm")"},
      {"translation", R"({"x": "nan", "y": 4, "z": 40})", R"("translation.x" must be a number, got "nan")"},
      {"translation", R"({"x": 0, "y": null, "z": 40})", R"("translation.y" must be a number, got null)"},
      {"downsample_factors", "{}", R"("downsample_factors" must be a list, got {})"},
      {"downsample_factors", R"([{"x": 1, "y": 1, "z": 1}, {"x": 2, "y": 0, "z": 1}])",
       R"("downsample_factors[1].y" must be a number > 0, got 0)"},
      {"downsample_factors", R"([{"x": 1, "y": 1}])", R"(missing key "downsample_factors[0].z")"},
      {"orientation", "3", R"("orientation" must be 0 (XY), 1 (XZ) or 2 (ZY), got 3)"},
      {"orientation", "-1", R"("orientation" must be 0 (XY), 1 (XZ) or 2 (ZY), got -1)"},
      {"orientation", R"("YZ")", R"("orientation" must be 0 (XY), 1 (XZ) or 2 (ZY), got "YZ")"},
      {"broken_slices", "5", R"("broken_slices" must be an object or a list, got 5)"},
      {"broken_slices", R"({"4.5": 1})", R"("broken_slices" must be an object with integers as keys, got {"4.5":1})"},
      {"broken_slices", R"({"4": null})", R"("broken_slices.4" must be an integer of at most 64 bits, got null)"},
      {"broken_slices", R"([1, "x"])", R"("broken_slices[1]" must be an integer of at most 64 bits, got "x")"},
      {"metadata", R"({"voxelOffset": [1, 2]})",
       R"("metadata.voxelOffset" must be a list of three numbers, got [1,2])"},
      {"metadata", R"({"voxelOffset": [1, 2, "z"]})", R"("metadata.voxelOffset[2]" must be a number, got "z")"},
      // what came is shown on one line, in ASCII, and not for pages
      {"dimension", R"(["é\n"])", R"("dimension" must be an object, got ["\u00e9\n"])"},
      {"dimension", '[' + std::string(99, '1') + ']', R"("dimension" must be an object, got [1.1111111111111112e+98])"},
      {"dimension", "[\"" + std::string(99, 'x') + "\"]",
       R"("dimension" must be an object, got [")" + std::string(58, 'x') + "..."},
  }));
  CAPTURE(key, value);
  CHECK(refusal(info_text(key, value)) == Caught{Errc::invalid_metadata, "stack info: " + text});
}

TEST_CASE("what is wrong with one mirror is kept for whoever reads it", "[metadata]") {
  auto [mirror, fault] = GENERATE(table<std::string, std::string>({
      {"5", R"("mirrors[1]" must be an object, got 5)"},
      {"{}", R"(missing key "mirrors[1].id")"},
      {object(with(mirror_members, "image_base", missing)), R"(missing key "mirrors[1].image_base")"},
      {object(with(mirror_members, "image_base", "[1]")), R"("mirrors[1].image_base" must be a text, got [1])"},
      {object(with(mirror_members, "tile_width", missing)), R"(missing key "mirrors[1].tile_width")"},
      {object(with(mirror_members, "tile_width", "0")),
       R"("mirrors[1].tile_width" must be an integer from 1 to 65535, got 0)"},
      {object(with(mirror_members, "tile_height", "65536")),
       R"("mirrors[1].tile_height" must be an integer from 1 to 65535, got 65536)"},
      {object(with(mirror_members, "tile_source_type", "-1")),
       R"("mirrors[1].tile_source_type" must be an integer from 0 to 2147483647, got -1)"},
      {object(with(mirror_members, "tile_source_type", missing)), R"(missing key "mirrors[1].tile_source_type")"},
      {object(with(mirror_members, "file_extension", missing)), R"(missing key "mirrors[1].file_extension")"},
      {object(with(mirror_members, "position", R"("first")")),
       R"("mirrors[1].position" must be an integer of at most 64 bits, got "first")"},
  }));
  CAPTURE(mirror);
  const std::string good = object(with(mirror_members, "position", "-7"));
  const StackInfo info = StackInfo::from_json(info_text("mirrors", '[' + good + ',' + mirror + ']'));
  REQUIRE(info.mirrors.size() == 2);
  CHECK(info.mirrors[0] == MirrorInfo{4, "LMB", "https://em.example/fafb/", 1024, 512, 5, "jpg", -7, ""});
  CHECK(info.mirrors[1].fault == "stack info: " + fault);
  CHECK(info.scale_levels().smallest_tile_side == 512);
  CHECK(StackInfo::from_json(info.to_json()).mirrors[0] == info.mirrors[0]);
}

TEST_CASE("metadata comes back as it came: a string as that string, an object as an object", "[metadata]") {
  auto [came, back] = GENERATE(table<std::string, std::string>({
      {R"("{\"b\": 1, \"voxelOffset\": [1, 2, 3]}")", R"("{\"b\": 1, \"voxelOffset\": [1, 2, 3]}")"},
      {R"("[1,  2]")", R"("[1,  2]")"},
      {R"("7")", R"("7")"},
      {R"("upside down")", R"("upside down")"},
      {R"({"clamp": false})", R"({"clamp":false})"},
      {"[1, 2]", "[1,2]"},
      {"7", "7"},
      {"null", "null"},
  }));
  const StackInfo info = StackInfo::from_json(info_text("metadata", came));
  const std::string text = info.to_json();
  CAPTURE(text);
  CHECK(text.find("\"metadata\":" + back + ",\"mirrors\"") != std::string::npos);
  CHECK(StackInfo::from_json(text) == info);
}

TEST_CASE("what is not JSON is refused with the place", "[metadata]") {
  auto [body, text] = GENERATE(table<std::string, std::string>({
      {"", "expected JSON, got nothing"},
      {"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head></html>",
       R"(not valid JSON at byte 1, near "<!DOCTYPE html> <html><head><title>502 Bad Gatew")"},
      {R"({"sid": NaN})", R"(not valid JSON at byte 9, near "{"sid": NaN}")"},
      {R"({"translation": {"x": 0, "y": -Infinity, "z": 0}, "sid": 1})",
       R"(not valid JSON at byte 32, near "ation": {"x": 0, "y": -Infinity, "z": 0}, "sid":")"},
      {"{\"sid\": \"\xff\x1b\"}", R"(not valid JSON at byte 10, near "{"sid": "\xff\x1b"}")"},
      {R"({"sid": 1} {})", R"(not valid JSON at byte 12, near "{"sid": 1} {}")"},
      {R"({"sid": 1)", R"(not valid JSON at byte 10, near "{"sid": 1")"},
      {"[1, 2]", "expected an object, got [1,2]"},
      {"null", "expected an object, got null"},
      {R"("a text")", R"(expected an object, got "a text")"},
      {"{}", R"(missing key "sid")"},
  }));
  CAPTURE(body);
  CHECK(refusal(body) == Caught{Errc::invalid_metadata, "stack info: " + text});
}

TEST_CASE("an answer that was cut short is never taken for whole", "[metadata]") {
  const std::string whole = object(info_members);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    REQUIRE(refusal(whole.substr(0, size)).code == Errc::invalid_metadata);
  }
}

TEST_CASE("deep nesting is refused before it can exhaust the stack", "[metadata]") {
  const auto nested = [](const std::string& open, std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    return text;
  };
  const Caught too_deep{Errc::invalid_metadata, "stack info: nested deeper than 64 levels"};
  CHECK(refusal(nested("[", 1'000'000)) == too_deep);
  CHECK(refusal(nested("{\"a\":", 1'000'000)) == too_deep);
  CHECK(refusal(info_text("metadata", nested("{\"a\":", 1'000'000))) == too_deep);
  // well-formed ones of allowed depth pass: the info is one level, metadata the others
  CHECK(StackInfo::from_json(info_text("metadata", nested("[", 63) + nested("]", 63))).metadata->size() == 126);
  CHECK(refusal(info_text("metadata", nested("[", 64) + nested("]", 64))) == too_deep);
  // inside a text it is only text
  const std::string text = nested("[", 1'000'000);
  const StackInfo info = StackInfo::from_json(info_text("metadata", '"' + text + '"'));
  CHECK(info.metadata == text);
  CHECK(StackInfo::from_json(info.to_json()) == info);
}

TEST_CASE("JSON of more than 16 MiB is refused, a long list is read", "[metadata]") {
  const std::string long_text(24 << 20, '[');
  CHECK(refusal(long_text) == Caught{Errc::too_large, "stack info: at most 16777216 bytes are read, got 25165824"});
  std::string list = "[";
  for (int id = 0; id < 200'000; ++id) {
    list += (id == 0 ? "" : ",") + (R"({"id":)" + std::to_string(id)) + R"(,"pid":1,"title":"a stack","comment":null})";
  }
  const auto stacks = StackSummary::list_from_json(list + "]");
  REQUIRE(stacks.size() == 200'000);
  CHECK(stacks.back() == StackSummary{199'999, 1, "a stack", ""});
}

TEST_CASE("the server's error answers become errors with its words", "[metadata]") {
  const std::string body =
      R"({"error": "No Stack matches the given query.", "detail": "Traceback\n", "type": "Http404"})";
  const std::string words = "the server answered \"No Stack matches the given query. (Http404)\"";
  CHECK(refusal(body) == Caught{Errc::server_error, "stack info: " + words});
  CHECK(caught([&] { return StackSummary::list_from_json(body); }) ==
        Caught{Errc::server_error, "stack list: " + words});
  CHECK(caught([&] { return StackSummary::from_json(body); }) == Caught{Errc::server_error, "stack summary: " + words});
  CHECK(caught([&] { return ProjectSummary::list_from_json(body); }) ==
        Caught{Errc::server_error, "project list: " + words});
  CHECK(caught([&] { return MirrorInfo::from_json(body); }) == Caught{Errc::server_error, "mirror info: " + words});
  CHECK(refusal(R"({"error": "Multiple project - stack associations"})") ==
        Caught{Errc::server_error, R"(stack info: the server answered "Multiple project - stack associations")"});
}

TEST_CASE("mirrors come in the order of their position, equal ones as sent", "[metadata]") {
  // positions 2, 1, 0, 2, 1, 0, …; many, because an unstable sort keeps the order of a few
  std::string list;
  for (int id = 0; id < 60; ++id) {
    list += (id == 0 ? "" : ", ") +
            object(with(with(mirror_members, "id", std::to_string(id)), "position", std::to_string(2 - id % 3)));
  }
  std::vector<std::int64_t> ids;
  for (const MirrorInfo& mirror : StackInfo::from_json(info_text("mirrors", '[' + list + ']')).mirrors) {
    ids.push_back(mirror.id);
  }
  std::vector<std::int64_t> expected;
  for (const std::int64_t first : {2, 1, 0}) {
    for (std::int64_t id = first; id < 60; id += 3) expected.push_back(id);
  }
  CHECK(ids == expected);
}

TEST_CASE("voxel_offset reads metadata.voxelOffset in x, y, z", "[metadata]") {
  auto [metadata, expected] = GENERATE(table<std::string, StackVector>({
      {R"({"voxelOffset": [10, 20, -30], "clamp": true})", {10, 20, -30}},
      {R"({"voxelOffset": ["1", 2.5, 3]})", {1, 2.5, 3}},
      {R"("{\"voxelOffset\": [1, 2, 3]}")", {0, 0, 0}},  // CATMAID reads nothing from a string
      {R"({"voxelOffset": null})", {0, 0, 0}},
      {R"({"clamp": false})", {0, 0, 0}},
      {R"("voxelOffset")", {0, 0, 0}},
      {"null", {0, 0, 0}},
  }));
  CAPTURE(metadata);
  CHECK(StackInfo::from_json(info_text("metadata", metadata)).voxel_offset() == expected);
}

TEST_CASE("MirrorInfo goes to JSON and back", "[metadata]") {
  const MirrorInfo mirror = MirrorInfo::from_json(object(mirror_members));
  CHECK(mirror == MirrorInfo{4, "LMB", "https://em.example/fafb/", 1024, 512, 5, "jpg", 2});
  CHECK(MirrorInfo::from_json(mirror.to_json()) == mirror);
  CHECK(caught([] { return MirrorInfo::from_json("{}"); }) ==
        Caught{Errc::invalid_metadata, R"(mirror info: missing key "id")"});
}

TEST_CASE("StackSummary lists keep null comments, odd ids and spaces at the end of titles", "[metadata]") {
  const auto stacks = StackSummary::list_from_json(R"([
      {"id": 1, "pid": 2, "title": "L1 CNS ", "comment": null},
      {"id": "3", "pid": 2.0, "title": "", "comment": "<p>text</p>", "more": []},
      {"id": 4},
      {"id": "owner__project", "pid": "owner", "title": 5}])");
  REQUIRE(stacks.size() == 4);
  CHECK(stacks[0] == StackSummary{1, 2, "L1 CNS ", ""});
  CHECK(stacks[1] == StackSummary{3, 2, "", "<p>text</p>"});
  CHECK(stacks[2] == StackSummary{4, 0, "", ""});
  CHECK(stacks[3] == StackSummary{0, 0, "5", "", "owner__project"});  // render
  for (const StackSummary& stack : stacks) CHECK(StackSummary::from_json(stack.to_json()) == stack);
  CHECK(StackSummary::list_from_json("[]").empty());
}

TEST_CASE("ProjectSummary lists hold their stacks", "[metadata]") {
  const auto projects = ProjectSummary::list_from_json(R"([
      {"id": 1, "title": "Larva", "comment": null, "stackgroups": [],
       "stacks": [{"id": 3, "title": "L1", "comment": "", "dimensions": [28128, 31840, 4841]}]},
      {"id": "2", "title": "Empty", "stacks": null},
      {"id": 3},
      {"id": "owner"}])");
  REQUIRE(projects.size() == 4);
  CHECK(projects[0] == ProjectSummary{1, "Larva", "", {{3, 1, "L1", ""}}});
  CHECK(projects[1] == ProjectSummary{2, "Empty", "", {}});
  CHECK(projects[2] == ProjectSummary{3, "", "", {}});
  CHECK(projects[3] == ProjectSummary{0, "", "", {}, "owner"});
}

TEST_CASE("lists name the row that is wrong", "[metadata]") {
  const auto stacks = [](const std::string& body) {
    return caught([&] { return StackSummary::list_from_json(body); });
  };
  const auto projects = [](const std::string& body) {
    return caught([&] { return ProjectSummary::list_from_json(body); });
  };
  CHECK(stacks(R"({"stacks": []})") ==
        Caught{Errc::invalid_metadata, R"(stack list: expected a list, got {"stacks":[]})"});
  CHECK(stacks(R"([{"id": 1}, {"title": "x"}])") ==
        Caught{Errc::invalid_metadata, R"(stack list: missing key "[1].id")"});
  CHECK(stacks(R"([null])") == Caught{Errc::invalid_metadata, R"(stack list: "[0]" must be an object, got null)"});
  CHECK(stacks("<html>") == Caught{Errc::invalid_metadata, R"(stack list: not valid JSON at byte 1, near "<html>")"});
  CHECK(projects(R"([{"id": 1, "stacks": [{"id": 2.5}]}])") ==
        Caught{Errc::invalid_metadata,
               R"(project list: "[0].stacks[0].id" must be an integer of at most 64 bits, got 2.5)"});
}

TEST_CASE("orientations have CATMAID's names", "[metadata]") {
  CHECK(name(Orientation::xy) == "XY");
  CHECK(name(Orientation::xz) == "XZ");
  CHECK(name(Orientation::zy) == "ZY");
}
