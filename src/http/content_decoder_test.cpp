#include "http/content_decoder.h"

#include <gtest/gtest.h>

#include "tests/support/http_compression.h"

namespace jackdaw::http {
namespace {

using Coding = ContentDecoder::Coding;

struct Decoded {
  std::string text;
  bool broken = false;
  bool complete = false;
};

Decoded decode(Coding coding, std::string_view bytes, std::size_t step, std::size_t limit = 100) {
  ContentDecoder decoder(coding);
  Decoded decoded;
  while (!bytes.empty() && !decoder.is_broken()) {
    decoder.feed(std::string(bytes.substr(0, step)));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (std::string piece = decoder.read(limit); !piece.empty(); piece = decoder.read(limit)) {
      EXPECT_LE(piece.size(), limit);
      decoded.text += piece;
    }
  }
  decoded.broken = decoder.is_broken();
  decoded.complete = decoder.is_complete();
  return decoded;
}

std::string sample_text() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "word " + std::to_string(i * 7919 % 1000) + "\n";
  return text;
}

void expect_text(Coding coding, const std::string& bytes, const std::string& text) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    const Decoded decoded = decode(coding, bytes, step);
    EXPECT_EQ(decoded.text, text) << step;
    EXPECT_TRUE(decoded.complete) << step;
    EXPECT_FALSE(decoded.broken) << step;
  }
}

TEST(ContentDecoder, ReadsGzipAndBothKindsOfDeflateHoweverTheyAreCut) {
  for (const std::string& text : {std::string("a"), std::string(), sample_text()}) {
    expect_text(Coding::kGzip, gzip(text), text);
    expect_text(Coding::kDeflate, zlib_deflate(text), text);
    expect_text(Coding::kDeflate, bare_deflate(text), text);
  }
}

TEST(ContentDecoder, PassesOverTheOptionalFieldsOfGzip) {
  using namespace std::string_literals;
  expect_text(Coding::kGzip, gzip("text", 0x04, "\x03\x00"s + "xyz"), "text");
  expect_text(Coding::kGzip, gzip("text", 0x04, "\x00\x00"s), "text");
  expect_text(Coding::kGzip, gzip("text", 0x1e, "\x01\x00q"s + "name\0"s + "a comment\0"s + "cc"), "text");
}

TEST(ContentDecoder, SeveralGzipMembersAreOneBody) {
  expect_text(Coding::kGzip, gzip("one ") + gzip("two ") + gzip("three"), "one two three");
}

TEST(ContentDecoder, GivesWhatWasFlushedBeforeTheRestIsThere) {
  const std::string text = sample_text();
  const std::string bytes = gzip(text);
  ContentDecoder decoder(Coding::kGzip);
  decoder.feed(bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(decoder.read(20), text.substr(0, 20));
  EXPECT_FALSE(decoder.is_complete());
}

TEST(ContentDecoder, ABodyThatEndsTooEarlyIsNotComplete) {
  for (const std::string& bytes : {gzip(sample_text()), zlib_deflate(sample_text()), bare_deflate(sample_text())}) {
    const Coding coding = bytes[0] == '\x1f' ? Coding::kGzip : Coding::kDeflate;
    for (std::size_t size = 1; size < bytes.size(); size += 1 + size / 20) {
      const Decoded decoded = decode(coding, std::string_view(bytes).substr(0, size), size);
      EXPECT_FALSE(decoded.complete) << size;
      EXPECT_FALSE(decoded.broken) << size;
    }
  }
  EXPECT_TRUE(decode(Coding::kGzip, "", 1).complete);
}

TEST(ContentDecoder, WhatMakesNoSenseIsBroken) {
  std::string wrong_sum = gzip("text");
  wrong_sum[wrong_sum.size() - 6] ^= 1;
  std::string wrong_size = gzip("text");
  wrong_size.back() ^= 1;
  std::string wrong_adler = zlib_deflate("text");
  wrong_adler.back() ^= 1;
  EXPECT_TRUE(decode(Coding::kGzip, wrong_sum, 3).broken);
  EXPECT_TRUE(decode(Coding::kGzip, wrong_size, 3).broken);
  EXPECT_TRUE(decode(Coding::kDeflate, wrong_adler, 3).broken);
  EXPECT_TRUE(decode(Coding::kGzip, "plain text", 3).broken);
  EXPECT_TRUE(decode(Coding::kGzip, gzip("text") + "more", 3).broken);
  EXPECT_TRUE(decode(Coding::kDeflate, zlib_deflate("text") + "more", 3).broken);
  EXPECT_TRUE(decode(Coding::kGzip, gzip("text", '\x20'), 3).broken);
  EXPECT_TRUE(decode(Coding::kDeflate, "\x78\xff", 2).broken);
  EXPECT_TRUE(decode(Coding::kDeflate, "\x07\xff\xff", 2).broken);
}

TEST(ContentDecoder, ABombComesOutInPiecesOfTheAskedSize) {
  const std::string bomb = gzip(std::string(20'000'000, 'x'));
  ASSERT_LT(bomb.size(), 30'000U);
  ContentDecoder decoder(Coding::kGzip);
  decoder.feed(bomb);
  std::size_t total = 0;
  while (true) {
    const std::string piece = decoder.read(4096);
    if (piece.empty()) break;
    ASSERT_LE(piece.size(), 4096U);
    total += piece.size();
  }
  EXPECT_EQ(total, 20'000'000U);
  EXPECT_TRUE(decoder.is_complete());
}

}  // namespace
}  // namespace jackdaw::http
