// Reads a stack from a server that does everything wrong for one tile in five, and compares every voxel.
//
//   catvox_fault_soak [tiles [seed]]     10 000 tiles by default; status 1 if a voxel is wrong or the read fails

#include <catvox/catvox.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/fault_server.hpp"
#include "support/png.hpp"

namespace {

using namespace catvox;
using namespace std::chrono_literals;

constexpr std::int64_t side = 16;  // of a tile, in pixels
constexpr int columns = 50;

std::uint8_t voxel(std::int64_t y, std::int64_t x) {
  return static_cast<std::uint8_t>(1 + (x * 3 + y * 7 + (x / side) * 101 + (y / side) * 57) % 255);  // never 0: fill
}

std::string tile(std::int64_t row, std::int64_t column) {
  std::vector<std::uint8_t> pixels;
  for (std::int64_t y = row * side; y < (row + 1) * side; ++y) {
    for (std::int64_t x = column * side; x < (column + 1) * side; ++x) pixels.push_back(voxel(y, x));
  }
  return test::grey_png(pixels, side, side);
}

struct Fault {
  std::string name;
  std::function<std::vector<test::Step>(const std::string& body)> steps;
};

test::Step raw(std::string bytes, test::After after = test::After::keep_alive) {
  test::Step step;
  step.bytes = std::move(bytes);
  step.after = after;
  return step;
}

std::string flipped(std::string body, std::size_t at) {
  body[at % body.size()] = static_cast<char>(body[at % body.size()] ^ 0x20);
  return body;
}

/// What a server, or whatever stands before it, does once and not again.
std::vector<Fault> make_faults() {
  const auto once = [](auto make) {
    return [make](const std::string& body) { return std::vector<test::Step>{make(body)}; };
  };
  std::vector<Fault> faults{
      {"closes unanswered", once([](auto&) { return test::closes_unanswered(); })},
      {"resets", once([](auto&) { return test::resets(); })},
      {"cuts the body", once([](auto& body) { return test::cuts_body(body); })},
      {"resets in the body", once([](auto& body) { return test::resets_in_body(body); })},
      {"says nothing", once([](auto&) { return test::stalls(); })},
      {"stalls after the headers", once([](auto&) { return test::stalls_after_headers(); })},
      {"stalls in the body", once([](auto& body) { return test::stalls_in_body(body); })},
      {"sends garbage", once([](auto&) { return test::sends_garbage(); })},
      {"503", once([](auto&) { return test::unavailable(); })},
      {"503, Retry-After: 0", once([](auto&) { return test::unavailable("0"); })},
      {"503, Retry-After: a date", once([](auto&) { return test::unavailable("Fri, 01 Jan 2021 00:00:00 GMT"); })},
      {"503, Retry-After: nonsense", once([](auto&) { return test::unavailable("soon"); })},
      {"an empty body", once([](auto&) { return test::answers(200, ""); })},
      {"HTML with status 200", once([](auto&) { return test::answers(200, "<html>login</html>"); })},
      {"half of a tile, well announced",
       once([](auto& body) { return test::answers(200, body.substr(0, body.size() / 2)); })},
      {"a tile without its last byte",
       once([](auto& body) { return test::answers(200, body.substr(0, body.size() - 1)); })},
      {"a flipped bit in the signature", once([](auto& body) { return test::answers(200, flipped(body, 1)); })},
      {"a flipped bit in the header", once([](auto& body) { return test::answers(200, flipped(body, 18)); })},
      {"a flipped bit in the image data",
       once([](auto& body) { return test::answers(200, flipped(body, body.size() - 20)); })},
      {"a JPEG's first bytes", once([](auto&) { return test::answers(200, "\xff\xd8\xff\xe0"); })},
      {"zeros", once([](auto& body) { return test::answers(200, std::string(body.size(), '\0')); })},
      {"chunks that end early", once([](auto& body) {
         return raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + body, test::After::close);
       })},
      {"a chunk size that is none", once([](auto& body) {
         return raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + body, test::After::close);
       })},
      {"two faults after each other",
       [](const std::string& body) {
         return std::vector<test::Step>{test::cuts_body(body), test::answers(200, "bad")};
       }},
      {"a redirect to what is reset", once([](auto&) { return test::redirects("/reset"); })},
      {"bytes behind the body", once([](auto& body) { return raw(test::http_answer(200, body) + "more"); })},
  };
  for (const int status : {408, 429, 500, 502, 504, 520}) {
    faults.push_back(
        {"status " + std::to_string(status), once([status](auto&) { return test::answers(status, "later"); })});
  }
  return faults;
}

StackInfo stack_info(const std::string& base, std::int64_t rows) {
  return StackInfo::from_json(R"({"sid": 1, "pid": 1, "ptitle": "p", "stitle": "soak", "num_zoom_levels": 0,
      "dimension": {"x": )" + std::to_string(columns * side) +
                              R"(, "y": )" + std::to_string(rows * side) +
                              R"(, "z": 1}, "resolution": {"x": 1, "y": 1, "z": 1}, "broken_slices": {},
      "translation": {"x": 0, "y": 0, "z": 0}, "mirrors": [{"id": 1, "title": "m", "image_base": ")" +
                              base +
                              R"(", "tile_width": 16, "tile_height": 16, "tile_source_type": 1,
      "file_extension": "png", "position": 0}]})");
}

int soak(int tiles, unsigned seed) {
  const std::int64_t rows = (tiles + columns - 1) / columns;
  const auto faults = make_faults();
  std::mt19937 random(seed);
  test::FaultServer server;
  server.script("/reset", {test::resets()});
  std::vector<std::size_t> met(faults.size());
  std::size_t faulty = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::string body = tile(row, column);
      std::vector<test::Step> steps;
      if (random() % 5 == 0) {
        const auto kind = faulty++ % faults.size();  // of each kind equally many
        steps = faults[kind].steps(body);
        ++met[kind];
      }
      steps.push_back(test::answers(200, body));
      server.script("/0/" + std::to_string(row) + "_" + std::to_string(column) + "_0.png", std::move(steps));
    }
  }

  const Stack stack(stack_info(server.url("/"), rows),
                    {.session = HttpSession({.stall_timeout = 500ms, .retry = {.initial_delay = 5ms}})});
  const auto level = stack.scale<std::uint8_t>(0);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::uint8_t> voxels(static_cast<std::size_t>(rows * side * columns * side));
  const ReadStatistics statistics = level.read_into(voxels);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  std::size_t wrong = 0;
  for (std::int64_t y = 0; y < rows * side; ++y) {
    for (std::int64_t x = 0; x < columns * side; ++x) {
      wrong += voxels[static_cast<std::size_t>(y * columns * side + x)] != voxel(y, x) ? 1 : 0;
    }
  }
  std::printf("%lld tiles in %.1f s: %zu met a fault, of %zu kinds; %zu requests on %zu connections; %lld missing\n",
              static_cast<long long>(rows * columns), seconds, faulty, faults.size(), server.requests().size(),
              server.connections(), static_cast<long long>(statistics.missing));
  for (std::size_t kind = 0; kind < faults.size(); ++kind)
    std::printf("%6zu  %s\n", met[kind], faults[kind].name.c_str());
  std::printf("%zu of %zu voxels are wrong\n", wrong, voxels.size());
  return wrong == 0 && statistics.missing == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return soak(argc > 1 ? std::atoi(argv[1]) : 10'000,
                argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : 1U);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
