//! Writes streams of bits, the least significant first, as deflate and lossless WebP have them.

#[derive(Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits {
    pub(crate) fn put(&mut self, value: u64, bits: u32) -> &mut Self {
        self.pending |= value << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
        self
    }

    /// A prefix code, whose most significant bit comes first.
    pub(crate) fn put_code(&mut self, code: u64, bits: u32) -> &mut Self {
        self.put(code.reverse_bits() >> (64 - bits), bits)
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.bytes
    }
}
