// Shards of any bytes: what a source of sharded chunks gives is what the format's rule, applied byte by byte, finds in the
// file; where that finds nonsense, it is an Error. In memory, on one thread.

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bytes/shard_source.hpp"
#include "input.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;
using catvox::fuzz::Input;
using catvox::fuzz::require;

// One file, whatever it is called; answers when it is told to.
class OneFile final : public ByteSource {
 public:
  explicit OneFile(std::string bytes) : bytes_(std::move(bytes)) {}

  ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) override {
    waiting_.push_back({std::move(request), std::nullopt, std::move(handler)});
    return ++last_;
  }
  ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) override {
    waiting_.push_back({std::move(request), std::move(known), std::move(handler)});
    return ++last_;
  }
  void cancel(ReadId) noexcept override {}
  [[nodiscard]] int concurrency() const noexcept override { return 1; }

  void answer_all() {
    for (int steps = 0; !waiting_.empty(); ++steps) {
      require(steps < 100);
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      try {
        ByteResult result = next.known ? std::move(*next.known) : bytes_of(*next.request.range);
        next.handler->on_bytes(result);
      } catch (const Error& error) {
        next.handler->on_error(error);
      }
    }
  }

 private:
  struct Waiting {
    ByteRequest request;
    std::optional<ByteResult> known;
    std::shared_ptr<ByteHandler> handler;
  };

  [[nodiscard]] ByteResult bytes_of(const ByteRange& range) const {
    ByteResult result;
    if (range.begin >= bytes_.size()) return result;
    const auto part = std::string_view(bytes_).substr(range.begin, range.size);
    result.body.append(std::as_bytes(std::span(part.data(), part.size())));
    return result;
  }

  const std::string bytes_;
  std::deque<Waiting> waiting_;
  ReadId last_ = 0;
};

struct Outcome final : ByteHandler {
  int calls = 0;
  bool failed = false;
  std::optional<std::string> body;  // nothing: missing, or failed

  void on_bytes(ByteResult& result) override {
    ++calls;
    if (!result.missing()) body.emplace(reinterpret_cast<const char*>(result.body.data()), result.body.size());
  }
  void on_error(const Error&) noexcept override {
    ++calls;
    failed = true;
  }
};

struct Expected {
  bool nonsense = false;
  std::optional<std::string> body{};
};

std::optional<std::uint64_t> number_at(const std::string& file, unsigned __int128 at) {
  if (at + 8 > file.size()) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(file[static_cast<std::size_t>(at) + i]);
  }
  return number;
}

// neuroglancer_uint64_sharded_v1 with the identity hash and raw encodings, in the words of its specification.
Expected by_the_rule(const std::string& file, const ShardingSpec& spec, std::uint64_t chunk) {
  using Wide = unsigned __int128;
  const std::uint64_t minishard = (chunk >> spec.preshift_bits) & ((std::uint64_t{1} << spec.minishard_bits) - 1);
  const Wide index_end = Wide{16} << spec.minishard_bits;
  if (file.size() < index_end) return {true};
  const Wide start = *number_at(file, Wide{16} * minishard), end = *number_at(file, Wide{16} * minishard + 8);
  if (start == end) return {};
  if (start > end || index_end + end > file.size() || (end - start) % 24 != 0) return {true};
  const Wide rows = (end - start) / 24;
  std::uint64_t id = 0;
  Wide at = index_end;
  Expected expected;
  bool found = false;
  for (Wide row = 0; row < rows; ++row) {
    const Wide first = index_end + start + 8 * row;
    id += *number_at(file, first);
    at += *number_at(file, first + 8 * rows);
    const Wide size = *number_at(file, first + 16 * rows);
    if (at + size > ~std::uint64_t{0}) return {true};  // all of the index must be sound
    if (id == chunk && !found) {
      found = true;
      if (at + size > file.size() && size > 0) {
        expected = {true};
      } else {
        expected.body = size == 0 ? "" : file.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
      }
    }
    at += size;
  }
  return expected;
}

// How often the minishard's index lists the chunk: which of several it means is nobody's business.
bool is_ambiguous(const std::string& file, const ShardingSpec& spec, std::uint64_t chunk) {
  const std::uint64_t minishard = (chunk >> spec.preshift_bits) & ((std::uint64_t{1} << spec.minishard_bits) - 1);
  const std::uint64_t index_end = std::uint64_t{16} << spec.minishard_bits;
  const auto start = number_at(file, 16 * minishard), end = number_at(file, 16 * minishard + 8);
  if (!start || !end || *end > file.size() || *start > *end) return false;
  int times = 0;
  std::uint64_t id = 0;
  for (std::uint64_t row = 0; row < (*end - *start) / 24; ++row) {
    id += number_at(file, index_end + *start + 8 * row).value_or(0);
    times += id == chunk ? 1 : 0;
  }
  return times > 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  ShardingSpec spec;
  spec.preshift_bits = static_cast<int>(input.within(0, 4));
  spec.minishard_bits = static_cast<int>(input.within(0, 3));
  spec.shard_bits = static_cast<int>(input.within(0, 9));
  const auto encodings = input.within(0, 15);  // mostly what the rule above reads
  const bool plain = encodings > 3;
  if (!plain) {
    spec.hash = (encodings & 1) != 0 ? ShardingSpec::Hash::murmurhash3_x86_128 : ShardingSpec::Hash::identity;
    spec.minishard_index_encoding = ShardingSpec::Encoding::gzip;
    spec.data_encoding = (encodings & 2) != 0 ? ShardingSpec::Encoding::gzip : ShardingSpec::Encoding::raw;
  }
  const std::array<std::uint64_t, 3> chunks{input.take<std::uint8_t>(), input.take<std::uint8_t>(),
                                            input.within(0, 3) == 0 ? input.take<std::uint64_t>() : 1};
  const std::string file = input.rest();
  const auto one_file = std::make_shared<OneFile>(file);
  const auto source = make_shard_source({.files = one_file,
                                         .folder = "f/",
                                         .query = "",
                                         .sharding = spec,
                                         .indices = std::make_shared<ShardIndices>(2000)});
  for (int round = 0; round < 2; ++round) {  // with nothing kept, and with what the first round kept
    for (const std::uint64_t chunk : chunks) {
      const auto outcome = std::make_shared<Outcome>();
      const ByteRequest request{.key = std::to_string(chunk), .max_bytes = 5000};
      try {
        (void)source->read(request, outcome);
      } catch (const Error& error) {  // of an index that is kept
        outcome->on_error(error);
      }
      one_file->answer_all();
      require(outcome->calls == 1);
      if (!plain || is_ambiguous(file, spec, chunk)) continue;
      const Expected expected = by_the_rule(file, spec, chunk);
      const bool too_large = expected.body && expected.body->size() > request.max_bytes;
      require(outcome->failed == (expected.nonsense || too_large));
      if (!outcome->failed) require(outcome->body == expected.body);
    }
  }
  return 0;
}
