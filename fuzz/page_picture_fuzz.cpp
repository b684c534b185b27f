// What a confined program says of the picture that it drew is untrusted: the head of a picture, then the place of a box
// in it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "extract/confined/picture_protocol.h"
#include "extract/page_recognizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace picture = jackdaw::extract::picture_protocol;
  // The magic is given, since no mutation finds it fast.
  picture::HeadBytes bytes = picture::encode({});
  const std::size_t taken = std::min(size, bytes.size() - picture::kMagic.size());
  std::memcpy(bytes.data() + picture::kMagic.size(), data, taken);
  const auto head = picture::decode(bytes);
  if (!head) return 0;
  if (head->pixels() == 0 || head->pixels() > picture::kMaxPixels || picture::encode(*head) != bytes) std::abort();

  jackdaw::Box box;
  std::memcpy(&box, data + taken, std::min(size - taken, sizeof box));
  const float edges[] = {box.x0, box.y0, box.x1, box.y1};
  if (!std::ranges::all_of(edges, [](float edge) { return std::isfinite(edge); })) return 0;
  if (box.x0 > box.x1 || box.y0 > box.y1) return 0;
  constexpr float kWidth = 595;
  constexpr float kHeight = 842;
  const jackdaw::Box turned =
      jackdaw::extract::turn_back(box, {kWidth, kHeight, static_cast<float>(head->width),
                                        static_cast<float>(head->height), static_cast<int>(head->quarter)});
  if (!(0 <= turned.x0 && turned.x0 <= turned.x1 && turned.x1 <= kWidth)) std::abort();
  if (!(0 <= turned.y0 && turned.y0 <= turned.y1 && turned.y1 <= kHeight)) std::abort();
  return 0;
}
