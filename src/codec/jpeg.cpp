// libjpeg-turbo. Its errors arrive by longjmp, which runs no destructor: the functions that call setjmp, and what runs
// below them, own nothing that needs one. Pixels and rows live in the decompressor's own pool, which an abort empties.

#include "codec/image_decoder.hpp"

#include <algorithm>
#include <csetjmp>
#include <cstdio>  // for jpeglib.h, which needs FILE
#include <memory>
#include <string>
#include <utility>

#include <jpeglib.h>

#include <jerror.h>

#ifndef LIBJPEG_TURBO_VERSION
#error "catvox needs libjpeg-turbo: IJG's libjpeg has no jpeg_skip_scanlines"
#endif

namespace catvox::detail {
namespace {

// A few bytes of scan header can ask for a pass over the whole image. Encoders write about 10 scans.
constexpr int max_scans = 500;

// Messages of ours, numbered where libjpeg looks for an application's.
enum OwnMessage : int {
  first_own_message = 1000,
  too_many_scans = first_own_message,
  missing_scan,
  missing_refinement,
  data_end_early,
  last_own_message = data_end_early
};
constexpr const char* own_messages[] = {"More than %d scans", "No scan has component %d",
                                        "The last scans of component %d are missing",
                                        "The data end in row %d of %d rows of blocks"};

constexpr int end_of_image = 0xD9;

struct Decompressor {
  Decompressor();
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  bool past_end = false;  ///< whether libjpeg has asked for more than there is
};

/// Whether the image is as it should be in spite of a warning; after all others libjpeg makes pixels up.
bool benign(const jpeg_decompress_struct& info) {
  switch (info.err->msg_code) {
    case JWRN_ADOBE_XFORM:     // an unknown transform is taken for the usual one
    case JWRN_JFIF_MAJOR:      // a JFIF version that does not exist yet
    case JWRN_NOT_SEQUENTIAL:  // parameters of progressive files, set in one that is not
      return true;
    case JWRN_EXTRANEOUS_DATA: {
      // Harmless in the header, and before the end, where cameras pad. In front of a restart marker or of another scan
      // it is image data that the decoder has lost its place in.
      return info.input_scan_number == 0 || info.err->msg_parm.i[1] == end_of_image;
    }
    default:
      return false;
  }
}

/// An arithmetic decoder goes on with zeros where its data end, without a word, since its encoder leaves zeros at the
/// end away. So a file that was cut and closed with an end marker is as valid as any. Data that end before the last
/// row of blocks begins are taken for cut: a blank bottom can encode to as little, but rarely does.
void check_arithmetic_data(jpeg_decompress_struct& info) {
  if (!info.arith_code || info.unread_marker != end_of_image || info.input_iMCU_row >= info.total_iMCU_rows) return;
  ERREXIT2(&info, data_end_early, static_cast<int>(info.input_iMCU_row), static_cast<int>(info.total_iMCU_rows));
}

extern "C" {

[[noreturn]] static void on_error(j_common_ptr common) {
  std::longjmp(static_cast<Decompressor*>(common->client_data)->escape, 1);
}

static void on_message(j_common_ptr common, int level) {
  auto* decompressor = static_cast<Decompressor*>(common->client_data);
  const jpeg_decompress_struct& info = decompressor->info;
  if (level >= 0) return;
  // libjpeg puts an end marker where a file ends. A Huffman decoder that lacks as much as a bit then says so, and so it
  // does not matter whether the marker was there. To ask a second time means to be inside of a segment.
  if (info.err->msg_code == JWRN_JPEG_EOF && !info.arith_code && !std::exchange(decompressor->past_end, true)) return;
  if (!benign(info)) on_error(common);
}

/// Called before each row of blocks.
static void on_progress(j_common_ptr common) {
  auto& info = static_cast<Decompressor*>(common->client_data)->info;
  if (info.input_scan_number > max_scans) ERREXIT1(common, too_many_scans, max_scans);
  check_arithmetic_data(info);
}

}  // extern "C"

bool create(Decompressor& decompressor) {
  if (setjmp(decompressor.escape) != 0) return false;
  jpeg_create_decompress(&decompressor.info);
  return true;
}

bool read_header(Decompressor& decompressor, std::span<const std::byte> encoded) {
  if (setjmp(decompressor.escape) != 0) return false;
  decompressor.past_end = false;
  jpeg_mem_src(&decompressor.info, reinterpret_cast<const unsigned char*>(encoded.data()), encoded.size());
  jpeg_read_header(&decompressor.info, TRUE);
  return true;
}

/// libjpeg leaves a component that no scan has at grey, and smooths one whose last scans are missing, without a word.
void check_scans(jpeg_decompress_struct& info) {
  for (int i = 0; i < info.num_components; ++i) {
    // Set when the first scan of the component starts.
    if (info.comp_info[i].quant_table == nullptr) ERREXIT1(&info, missing_scan, i + 1);
    if (info.coef_bits == nullptr) continue;
    // How many bits of each coefficient are still to come; -1: all.
    if (std::any_of(info.coef_bits[i], info.coef_bits[i] + DCTSIZE2, [](int bits) { return bits != 0; })) {
      ERREXIT1(&info, missing_refinement, i + 1);
    }
  }
}

/// Whether pixels depend on those beside them, so that libjpeg's crop and skip do not give what a whole decode gives.
bool depends_on_neighbours(const jpeg_decompress_struct& info) {
  // A component that is coarser than the image is interpolated. Chroma may be: grey is not made of it.
  return std::any_of(info.comp_info, info.comp_info + info.num_components, [&](const jpeg_component_info& component) {
    return component.component_needed &&
           (component.h_samp_factor != info.max_h_samp_factor || component.v_samp_factor != info.max_v_samp_factor);
  });
}

/// Reads the rows of `part`, which is not empty, and leaves those below it unread.
bool read_rows(Decompressor& decompressor, const PixelRequest& request, const ImageSize& part) {
  if (setjmp(decompressor.escape) != 0) return false;
  jpeg_decompress_struct& info = decompressor.info;
  const bool rgb = request.format != PixelFormat::grey8 && info.num_components == 3;
  info.out_color_space = rgb ? JCS_RGB : JCS_GRAYSCALE;
  const std::int64_t pixel = rgb ? 3 : 1;  // bytes
  info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&info);
  check_scans(info);

  const bool whole_rows = part.width == static_cast<std::int64_t>(info.output_width);
  JSAMPARRAY buffer = info.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&info), JPOOL_IMAGE,
                                             info.output_width * static_cast<JDIMENSION>(pixel), 1);
  auto column = static_cast<JDIMENSION>(request.window.column);
  const auto first_row = static_cast<JDIMENSION>(request.window.row);
  if (depends_on_neighbours(info)) {
    while (info.output_scanline < first_row) jpeg_read_scanlines(&info, buffer, 1);
  } else {
    JDIMENSION first = column;
    auto width = static_cast<JDIMENSION>(part.width);
    if (!whole_rows) jpeg_crop_scanline(&info, &first, &width);  // moves `first` down to where a block starts
    column -= first;
    if (first_row > 0) jpeg_skip_scanlines(&info, first_row);
  }

  for (std::int64_t row = 0; row < part.height; ++row) {
    JSAMPROW destination = request.row(row);
    jpeg_read_scanlines(&info, whole_rows ? &destination : buffer, 1);
    if (!whole_rows) std::copy_n(buffer[0] + column * pixel, part.width * pixel, destination);
  }
  return true;
}

[[noreturn]] void refuse(const std::string& kind) { throw Error(Errc::unsupported, kind + " JPEG is not supported"); }

[[noreturn]] void refuse_precision(int bits) { refuse(std::to_string(bits) + "-bit"); }

/// Throws what libjpeg has just reported.
[[noreturn]] void fail(Decompressor& decompressor) {
  char text[JMSG_LENGTH_MAX];
  decompressor.errors.format_message(reinterpret_cast<j_common_ptr>(&decompressor.info), text);
  switch (decompressor.errors.msg_code) {
    case JERR_BAD_PRECISION:
      refuse_precision(decompressor.info.data_precision);
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      throw Error(Errc::unsupported, std::string("this kind of JPEG is not supported: ") + text);
    default:
      throw Error(Errc::corrupt_data, std::string("the JPEG does not decode: ") + text);
  }
}

Decompressor::Decompressor() {
  info.err = jpeg_std_error(&errors);
  info.client_data = this;
  errors.error_exit = on_error;
  errors.emit_message = on_message;
  errors.addon_message_table = own_messages;
  errors.first_addon_message = first_own_message;
  errors.last_addon_message = last_own_message;
  progress.progress_monitor = on_progress;
  if (!create(*this)) fail(*this);
  info.progress = &progress;
}

/// A file of several scans takes memory for the coefficients of all of its pixels, however few of them are wanted.
void check_memory(jpeg_decompress_struct& info) {
  if (!jpeg_has_multiple_scans(&info)) return;
  std::int64_t bytes = 0;
  for (int i = 0; i < info.num_components; ++i) {
    const jpeg_component_info& component = info.comp_info[i];
    bytes += std::int64_t{component.width_in_blocks} * component.height_in_blocks *
             static_cast<std::int64_t>(sizeof(JBLOCK));
  }
  if (bytes <= most_image_memory) return;
  throw Error(Errc::too_large, "the JPEG of " + std::to_string(info.image_width) + " x " +
                                   std::to_string(info.image_height) + " pixels needs " + std::to_string(bytes >> 20) +
                                   " MiB to decode, because it has several scans; at most " +
                                   std::to_string(most_image_memory >> 20) + " MiB are allowed");
}

void check_kind(const jpeg_decompress_struct& info) {
  if (info.data_precision != 8) refuse_precision(info.data_precision);  // libjpeg-turbo 3 has read the header of one
  switch (info.jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_YCbCr:
    case JCS_RGB:
      return;
    case JCS_CMYK:
      refuse("CMYK");
    case JCS_YCCK:
      refuse("YCCK");
    default:
      refuse(std::to_string(info.num_components) + "-component");
  }
}

/// A decompressor for one image. Making one costs 2 % of a tile, so a thread keeps its own; but libjpeg keeps its
/// quantization and Huffman tables from image to image, and an image that lacks them must not take those of the tile
/// before. They are forgotten after each, which leaves their memory (2 KiB at most) in the decompressor's pool: so it
/// serves a limited number.
class Lease {
 public:
  Lease() {
    if (!kept().decompressor) kept() = {std::make_unique<Decompressor>(), 0};
    decompressor_ = std::move(kept().decompressor);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] Decompressor& operator*() const { return *decompressor_; }

  /// The image was decoded without an error: the next one may have it.
  void give_back() noexcept {
    if (++kept().images == most_images) return;
    jpeg_decompress_struct& info = decompressor_->info;
    jpeg_abort_decompress(&info);
    std::ranges::fill(info.quant_tbl_ptrs, nullptr);
    std::ranges::fill(info.dc_huff_tbl_ptrs, nullptr);
    std::ranges::fill(info.ac_huff_tbl_ptrs, nullptr);
    kept().decompressor = std::move(decompressor_);
  }

 private:
  static constexpr int most_images = 64;
  struct Kept {
    std::unique_ptr<Decompressor> decompressor;
    int images = 0;
  };
  static Kept& kept() {
    thread_local Kept kept;
    return kept;
  }

  std::unique_ptr<Decompressor> decompressor_;
};

}  // namespace

ImageKind jpeg_kind(std::span<const std::byte> encoded) {
  Lease lease;
  if (!read_header(*lease, encoded)) fail(*lease);
  const jpeg_decompress_struct& info = (*lease).info;
  check_kind(info);
  const ImageKind kind{{info.image_height, info.image_width}, info.num_components, 1};
  lease.give_back();
  return kind;
}

ImageSize decode_jpeg(std::span<const std::byte> encoded, const PixelRequest& request) {
  Lease lease;
  Decompressor& decompressor = *lease;
  const jpeg_decompress_struct& info = decompressor.info;

  if (!read_header(decompressor, encoded)) fail(decompressor);
  check_kind(info);
  const ImageSize image{info.image_height, info.image_width};
  check_size(image, request.cell);
  const ImageSize part = part_in_image(request.window, image);
  if (part.height > 0 && part.width > 0) {
    check_memory(decompressor.info);
    if (!read_rows(decompressor, request, part)) fail(decompressor);
  }
  lease.give_back();
  return part;
}

}  // namespace catvox::detail
