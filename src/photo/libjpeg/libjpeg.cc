#include "libjpeg.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <jpeglib.h>

#include <jerror.h>

#include "mungpy/src/photo/libjpeg/mod.rs.h"

// libjpeg leaves a fault by longjmp, which runs no destructor: between setjmp and the call that may
// fail, there are only objects that need none.

namespace mungpy {
namespace {

struct Errors {
  jpeg_error_mgr base;
  jmp_buf back;
};

[[noreturn]] void leave(j_common_ptr jpeg) { longjmp(reinterpret_cast<Errors*>(jpeg->err)->back, 1); }

// Warnings tell of damage that libjpeg can live with, e.g. bytes too many before a marker.
void ignore_warning(j_common_ptr, int) {}
void stay_silent(j_common_ptr) {}

jpeg_error_mgr* prepare(Errors& errors) {
  jpeg_error_mgr* base = jpeg_std_error(&errors.base);
  base->error_exit = leave;
  base->emit_message = ignore_warning;
  base->output_message = stay_silent;
  return base;
}

struct Decoding {
  jpeg_decompress_struct jpeg;
  Errors errors;
  jpeg_progress_mgr progress;
  int max_scans;
};

// The second line: the header was read and its scans were counted before.
void check_scans(j_common_ptr common) {
  auto jpeg = reinterpret_cast<j_decompress_ptr>(common);
  const auto decoding = static_cast<const Decoding*>(jpeg->client_data);
  if (jpeg->input_scan_number > decoding->max_scans) ERREXIT(jpeg, JERR_NO_BACKING_STORE);
}

// 0, or libjpeg's number of the fault.
int run(Decoding& decoding, rust::Slice<const uint8_t> in, const JpegPlan& plan, rust::Slice<uint8_t> out) {
  jpeg_decompress_struct& jpeg = decoding.jpeg;
  jpeg.err = prepare(decoding.errors);
  if (setjmp(decoding.errors.back)) return jpeg.err->msg_code;
  jpeg_create_decompress(&jpeg);
  jpeg.client_data = &decoding;
  jpeg.mem->max_memory_to_use = static_cast<long>(plan.max_memory);
  decoding.progress.progress_monitor = check_scans;
  jpeg.progress = &decoding.progress;
  jpeg_mem_src(&jpeg, in.data(), in.size());
  jpeg_read_header(&jpeg, TRUE);
  if (jpeg.image_width != plan.width || jpeg.image_height != plan.height) ERREXIT(&jpeg, JERR_SOF_DUPLICATE);
  jpeg.scale_num = 1;
  jpeg.scale_denom = plan.denominator;
  jpeg.out_color_space = plan.channels == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  const size_t stride = size_t{jpeg.output_width} * jpeg.output_components;
  if (jpeg.output_components != static_cast<int>(plan.channels) || stride * jpeg.output_height != out.size()) {
    ERREXIT(&jpeg, JERR_SOF_DUPLICATE);
  }
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = out.data() + stride * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  return 0;
}

JpegOutcome outcome_of(int code) {
  switch (code) {
    case 0: return JpegOutcome::Done;
    case JERR_OUT_OF_MEMORY: return JpegOutcome::OutOfMemory;
    case JERR_NO_BACKING_STORE: return JpegOutcome::TooComplex;
    default: return JpegOutcome::Corrupt;
  }
}

struct Encoding {
  jpeg_compress_struct jpeg;
  Errors errors;
  unsigned char* bytes;
  unsigned long size;
};

bool run(Encoding& encoding, rust::Slice<const uint8_t> rgb, uint32_t width, uint32_t height, uint32_t quality) {
  jpeg_compress_struct& jpeg = encoding.jpeg;
  jpeg.err = prepare(encoding.errors);
  if (setjmp(encoding.errors.back)) return false;
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &encoding.bytes, &encoding.size);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, static_cast<int>(quality), TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < height) {
    JSAMPROW row = const_cast<JSAMPROW>(rgb.data()) + size_t{3} * width * jpeg.next_scanline;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  return true;
}

}  // namespace

JpegEnd decode_jpeg(rust::Slice<const uint8_t> jpeg, const JpegPlan& plan, rust::Slice<uint8_t> pixels) {
  Decoding decoding{};
  decoding.max_scans = static_cast<int>(plan.max_scans);
  const int code = run(decoding, jpeg, plan, pixels);
  JpegEnd end{outcome_of(code), {}, decoding.jpeg.saw_Adobe_marker != 0};
  if (end.outcome == JpegOutcome::Corrupt) {
    char text[JMSG_LENGTH_MAX];
    decoding.jpeg.err->format_message(reinterpret_cast<j_common_ptr>(&decoding.jpeg), text);
    end.message = rust::String::lossy(text);
  }
  jpeg_destroy_decompress(&decoding.jpeg);
  return end;
}

rust::Vec<uint8_t> encode_jpeg(rust::Slice<const uint8_t> rgb, uint32_t width, uint32_t height, uint32_t quality) {
  Encoding encoding{};
  const bool is_done = run(encoding, rgb, width, height, quality);
  jpeg_destroy_compress(&encoding.jpeg);
  rust::Vec<uint8_t> bytes;
  if (is_done) {
    bytes.reserve(encoding.size);
    for (size_t i = 0; i < encoding.size; ++i) bytes.push_back(encoding.bytes[i]);
  }
  // After a fault the pointer may be to a buffer that libjpeg has freed already; the rest is lost.
  if (!is_done) throw std::bad_alloc();
  std::free(encoding.bytes);
  return bytes;
}

}  // namespace mungpy
