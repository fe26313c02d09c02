// The two things that Mungpy asks of libjpeg-turbo, as declared to Rust in mod.rs.
#pragma once

#include <cstdint>

#include "rust/cxx.h"

namespace mungpy {

struct JpegPlan;
struct JpegEnd;

// Fills `pixels` as planned. Never throws; the end tells what went wrong.
JpegEnd decode_jpeg(rust::Slice<const uint8_t> jpeg, const JpegPlan& plan, rust::Slice<uint8_t> pixels);
// Writes RGB pixels as a JPEG; throws where memory runs out.
rust::Vec<uint8_t> encode_jpeg(rust::Slice<const uint8_t> rgb, uint32_t width, uint32_t height, uint32_t quality);

}  // namespace mungpy
