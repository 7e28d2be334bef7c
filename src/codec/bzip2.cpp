#include <bzlib.h>

#include <new>

#include "codec/decompressors.hpp"

namespace catvox::detail {
namespace {

constexpr std::uint8_t magic[] = {'B', 'Z', 'h'};

class Stream {
 public:
  Stream() {
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw std::bad_alloc();
  }
  ~Stream() { BZ2_bzDecompressEnd(&stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bz_stream* operator->() noexcept { return &stream_; }
  bz_stream* get() noexcept { return &stream_; }

 private:
  bz_stream stream_{};
};

/// Decodes the stream that `payload` starts with to the front of `out`; both shrink by what it took.
void decode_stream(Input& payload, Output& out, Output whole) {
  Stream stream;
  // bzlib reads through a pointer to non-const, but does not write.
  stream->next_in = const_cast<char*>(reinterpret_cast<const char*>(payload.data()));
  stream->avail_in = static_cast<unsigned>(payload.size());
  stream->next_out = reinterpret_cast<char*>(out.data());
  stream->avail_out = static_cast<unsigned>(out.size());
  int status = BZ2_bzDecompress(stream.get());
  if (status == BZ_OK && stream->avail_out == 0) {
    // Room for one more byte: without any, bzlib may stop before it has seen the stream's end and its checksum.
    char excess = 0;
    stream->next_out = &excess;
    stream->avail_out = 1;
    status = BZ2_bzDecompress(stream.get());
    if (stream->avail_out == 0) throw_too_long("bzip2", whole);
    stream->avail_out = 0;
  }
  if (status == BZ_MEM_ERROR) throw std::bad_alloc();
  if (status == BZ_OK) throw_corrupt("bzip2", "cut short");
  if (status != BZ_STREAM_END) throw_corrupt("bzip2", "damaged");
  payload = payload.last(stream->avail_in);
  out = out.last(stream->avail_out);
}

}  // namespace

std::size_t decompress_bzip2(Input& payload, Output out) {
  Output rest = out;
  do {
    decode_stream(payload, rest, out);
  } while (starts_with(payload, magic));
  return out.size() - rest.size();
}

}  // namespace catvox::detail
