// The part of a set of kernels that is the same on every processor, written with the vector types of the compiler
// (gcc, clang). No include guard: each translation unit of this folder includes it once, in its own unnamed namespace,
// after it has said
//
//   JACKDAW_LANES        floats in a vector: 4, 8 or 16
//   JACKDAW_FLOAT_ROWS   rows of a tile of the fp32 product, so that rows * 16 / lanes sums stay in registers
//
// (it then defines what this part only declares: larger, smaller, store_bytes), and after it has included <cstddef>,
// <cstdint> and "inference/kernels.h". Nothing of the standard library is called here: a function that the linker may
// share between translation units would carry this one's instructions into programs for other processors.

constexpr std::size_t kLanes = JACKDAW_LANES;
constexpr std::size_t kVectors = kPanelColumns / kLanes;  // in a row of a panel
constexpr std::size_t kFloatRows = JACKDAW_FLOAT_ROWS;
static_assert(kFloatRows <= kMostTileRows, "attention_scratch() has room for the scores of so many rows");

typedef float Floats __attribute__((vector_size(4 * JACKDAW_LANES)));
typedef std::int32_t Ints __attribute__((vector_size(4 * JACKDAW_LANES)));
typedef float FloatsInMemory __attribute__((vector_size(4 * JACKDAW_LANES), aligned(4), may_alias));

#define JACKDAW_INLINE __attribute__((always_inline)) inline

JACKDAW_INLINE Floats load(const float* from) {
  return *reinterpret_cast<const FloatsInMemory*>(from);
}
JACKDAW_INLINE void store(float* to, Floats values) {
  *reinterpret_cast<FloatsInMemory*>(to) = values;
}
JACKDAW_INLINE Floats all(float value) {
  return value - Floats{};
}
JACKDAW_INLINE Floats larger(Floats a, Floats b);
JACKDAW_INLINE Floats smaller(Floats a, Floats b);
// The lowest byte of each number.
JACKDAW_INLINE void store_bytes(std::uint8_t* to, Ints values);

JACKDAW_INLINE float sum_of(Floats values) {
  float total = 0;
  for (std::size_t i = 0; i < kLanes; ++i) total += values[i];
  return total;
}
JACKDAW_INLINE float largest_of(Floats values) {
  float largest = values[0];
  for (std::size_t i = 1; i < kLanes; ++i) largest = values[i] > largest ? values[i] : largest;
  return largest;
}

// Sums that do not wait for each other: at most this many side by side.
constexpr std::size_t kChains = kVectors < 2 ? 1 : 2;

JACKDAW_INLINE float chained_sum(const Floats (&sums)[kChains]) {
  if constexpr (kChains == 1) {
    return sum_of(sums[0]);
  } else {
    return sum_of(sums[0] + sums[1]);
  }
}

// Adding and taking away 1.5 * 2^23 rounds half to even, for |x| < 2^22; the sum's bits hold the integer.
constexpr float kRound = 12582912.0F;
constexpr std::int32_t kRoundBits = 0x4B400000;

// e^x for x <= 0 to about 2 units in the last place; 0 below -87. 2^n * e^r with x = n ln 2 + r (ln 2 in two parts,
// Cody and Waite 1980), e^r by its Taylor polynomial of degree 6 over |r| <= ln 2 / 2.
JACKDAW_INLINE Floats exponential(Floats x) {
  const Floats bounded = larger(x, all(-87.0F));
  const Floats shifted = bounded * 1.44269504F + kRound;
  const Floats n = shifted - kRound;
  const Floats r = bounded - n * 0.693359375F + n * 2.12194440e-4F;
  Floats p = r * (1.0F / 720) + (1.0F / 120);
  p = p * r + (1.0F / 24);
  p = p * r + (1.0F / 6);
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const Ints power = (__builtin_bit_cast(Ints, shifted) - (kRoundBits - 127)) << 23;
  const Floats result = p * __builtin_bit_cast(Floats, power);
  return x < -87.0F ? all(0.0F) : result;
}

// x * Phi(x), Phi the normal distribution (Hendrycks and Gimpel 2016), through erf(z) = z P(z^2) / Q(z^2) for |z|
// < 3.92, beyond which erf is 1 in fp32. P and Q are a weighted least squares fit of relative error 1.9e-8; in fp32 the
// error of erf stays below 4e-7.
JACKDAW_INLINE Floats gelu(Floats x) {
  const Floats z = smaller(larger(x * 0.707106781F, all(-3.92F)), all(3.92F));
  const Floats u = z * z;
  Floats p = u * 2.0501102e-06F + 2.84879206e-04F;
  p = p * u + 3.76547338e-03F;
  p = p * u + 5.27482852e-02F;
  p = p * u + 1.90403163e-01F;
  p = p * u + 1.12837911F;
  Floats q = u * 3.80917663e-05F + 1.1625e-03F;
  q = q * u + 1.49689331e-02F;
  q = q * u + 1.14107743e-01F;
  q = q * u + 5.02073169e-01F;
  q = q * u + 1.0F;
  const Floats half = x * 0.5F;
  return half + half * (z * p / q);
}

template <Finish kFinish>
JACKDAW_INLINE void finish(float* to, Floats value) {
  if constexpr (kFinish == Finish::kAdd) value += load(to);
  store(to, value);
}

void activate(float* rows, std::size_t count, std::size_t width) {
  for (std::size_t i = 0; i < count * width; i += kLanes) store(rows + i, gelu(load(rows + i)));
}

// The smallest normal number: the reciprocal of a smaller one may be infinite.
constexpr float kSmallestScale = 1.17549435e-38F;

void quantize(const float* rows, std::size_t count, std::size_t width, std::uint8_t* values, float* scales) {
  for (std::size_t row = 0; row < count; ++row, rows += width, values += width) {
    Floats most[kChains]{};
    for (std::size_t i = 0; i < width; i += kPanelColumns) {
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Floats x = load(rows + i + v * kLanes);
        most[v % kChains] = larger(most[v % kChains], larger(x, -x));
      }
    }
    const float largest = largest_of(larger(most[0], most[kChains - 1])) / 127;
    const float scale = largest < kSmallestScale ? 0 : largest;
    scales[row] = scale;
    const Floats by = all(scale > 0 ? 1 / scale : 0);
    for (std::size_t i = 0; i < width; i += kLanes) {
      const Floats shifted = load(rows + i) * by + kRound;
      store_bytes(values + i, __builtin_bit_cast(Ints, shifted) - (kRoundBits - 128));
    }
  }
}

void normalize(float* rows, std::size_t count, std::size_t width, const float* gamma, const float* beta,
               float epsilon) {
  for (std::size_t row = 0; row < count; ++row, rows += width) {
    Floats sums[kChains]{};
    for (std::size_t i = 0; i < width; i += kPanelColumns) {
      for (std::size_t v = 0; v < kVectors; ++v) sums[v % kChains] += load(rows + i + v * kLanes);
    }
    const Floats mean = all(chained_sum(sums) / static_cast<float>(width));
    Floats squares[kChains]{};
    for (std::size_t i = 0; i < width; i += kPanelColumns) {
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Floats off = load(rows + i + v * kLanes) - mean;
        squares[v % kChains] += off * off;
      }
    }
    const float variance = chained_sum(squares) / static_cast<float>(width);
    const Floats by = all(1 / __builtin_sqrtf(variance + epsilon));
    for (std::size_t i = 0; i < width; i += kLanes) {
      store(rows + i, (load(rows + i) - mean) * by * load(gamma + i) + load(beta + i));
    }
  }
}

// Sums of `depth` products for kRows rows and one panel of sixteen columns; row k of the panel is at panel + k *
// stride.
template <std::size_t kRows>
JACKDAW_INLINE void float_tile(const float* rows, std::size_t row_stride, const float* panel, std::size_t panel_stride,
                               std::size_t depth, Floats (&sums)[kRows][kVectors]) {
#pragma GCC unroll 16
  for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = Floats{};
  }
  for (std::size_t k = 0; k < depth; ++k, panel += panel_stride) {
    Floats columns[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) columns[v] = load(panel + v * kLanes);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      const Floats x = all(rows[r * row_stride + k]);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] += x * columns[v];
    }
  }
}

template <std::size_t kRows, Finish kFinish>
void float_columns(const FloatMatrix& matrix, const float* rows, std::size_t panel, float* out) {
  Floats sums[kRows][kVectors];
  float_tile<kRows>(rows, matrix.inputs, matrix.panels + panel * kPanelColumns * matrix.inputs, kPanelColumns,
                    matrix.inputs, sums);
#pragma GCC unroll 16
  for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t column = panel * kPanelColumns + v * kLanes;
      finish<kFinish>(out + r * matrix.outputs + column, sums[r][v] + load(matrix.bias + column));
    }
  }
}

template <Finish kFinish>
void multiply_f32_as(const FloatMatrix& matrix, const float* rows, std::size_t count, float* out) {
  for (std::size_t panel = 0; panel < matrix.outputs / kPanelColumns; ++panel) {
    std::size_t row = 0;
    for (; row + kFloatRows <= count; row += kFloatRows) {
      float_columns<kFloatRows, kFinish>(matrix, rows + row * matrix.inputs, panel, out + row * matrix.outputs);
    }
    for (; row < count; ++row) {
      float_columns<1, kFinish>(matrix, rows + row * matrix.inputs, panel, out + row * matrix.outputs);
    }
  }
}

void multiply_f32(const FloatMatrix& matrix, const float* rows, std::size_t count, Finish finish, float* out) {
  switch (finish) {
    case Finish::kStore: return multiply_f32_as<Finish::kStore>(matrix, rows, count, out);
    case Finish::kAdd: return multiply_f32_as<Finish::kAdd>(matrix, rows, count, out);
  }
}

// Keys of one head, sixteen tokens side by side: [tokens / 16][head_width][16], zeros behind the last token.
void pack_keys(const float* keys, std::size_t stride, std::size_t tokens, std::size_t width, float* packed) {
  for (std::size_t first = 0; first < tokens; first += kPanelColumns, packed += kPanelColumns * width) {
    for (std::size_t column = 0; column < kPanelColumns; ++column) {
      const bool is_token = first + column < tokens;
      const float* const key = keys + (first + column) * stride;
      for (std::size_t d = 0; d < width; ++d) packed[d * kPanelColumns + column] = is_token ? key[d] : 0;
    }
  }
}

// Turns a row of scores into e^(scale * (score - largest)); gives 1 / their sum. Behind `tokens` the row has room up to
// a multiple of sixteen, which becomes zero.
JACKDAW_INLINE float soften(float* scores, std::size_t tokens, std::size_t room, float scale) {
  for (std::size_t i = tokens; i < room; ++i) scores[i] = -3.0e38F;
  Floats most = load(scores);
  for (std::size_t i = kLanes; i < room; i += kLanes) most = larger(most, load(scores + i));
  const Floats largest = all(largest_of(most));
  Floats sums{};
  for (std::size_t i = 0; i < room; i += kLanes) {
    const Floats e = exponential((load(scores + i) - largest) * scale);
    sums += e;
    store(scores + i, e);
  }
  return 1 / sum_of(sums);
}

// One head, kRows queries.
template <std::size_t kRows>
void attend_rows(const float* queries, std::size_t stride, const float* packed_keys, const float* values,
                 std::size_t tokens, std::size_t width, float scale, float* scores, float* out,
                 std::size_t out_stride) {
  const std::size_t room = (tokens + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
  Floats sums[kRows][kVectors];
  for (std::size_t first = 0; first < room; first += kPanelColumns) {
    float_tile<kRows>(queries, stride, packed_keys + first * width, kPanelColumns, width, sums);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) store(scores + r * room + first + v * kLanes, sums[r][v]);
    }
  }
  float shares[kRows];
  for (std::size_t r = 0; r < kRows; ++r) shares[r] = soften(scores + r * room, tokens, room, scale);
  for (std::size_t first = 0; first < width; first += kPanelColumns) {
    float_tile<kRows>(scores, room, values + first, stride, tokens, sums);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        store(out + r * out_stride + first + v * kLanes, sums[r][v] * shares[r]);
      }
    }
  }
}

void attend(const float* qkv, std::size_t tokens, const AttentionShape& shape, float* scratch, float* out) {
  const std::size_t width = shape.head_width;
  const std::size_t hidden = shape.heads * width;
  const std::size_t stride = 3 * hidden;
  const std::size_t room = (tokens + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
  float* const keys = scratch;
  float* const scores = scratch + room * width;
  const float scale = 1 / __builtin_sqrtf(static_cast<float>(width));
  for (std::size_t head = 0; head < shape.heads; ++head) {
    const float* const queries = qkv + head * width;
    const float* const values = queries + 2 * hidden;
    pack_keys(queries + hidden, stride, tokens, width, keys);
    std::size_t row = 0;
    for (; row + kFloatRows <= tokens; row += kFloatRows) {
      attend_rows<kFloatRows>(queries + row * stride, stride, keys, values, tokens, width, scale, scores,
                              out + row * hidden + head * width, hidden);
    }
    for (; row < tokens; ++row) {
      attend_rows<1>(queries + row * stride, stride, keys, values, tokens, width, scale, scores,
                     out + row * hidden + head * width, hidden);
    }
  }
}

// Sixteen exact sums of one row become real numbers and are put where they belong.
template <Finish kFinish>
JACKDAW_INLINE void finish_sums(const QuantizedMatrix& matrix, std::size_t column, float row_scale, Ints sums,
                                float* to) {
  typedef std::int32_t IntsInMemory __attribute__((vector_size(4 * JACKDAW_LANES), aligned(4), may_alias));
  typedef std::uint32_t Wrapping __attribute__((vector_size(4 * JACKDAW_LANES)));
  // Offsets come from a file, which may hold any.
  const Ints offsets = *reinterpret_cast<const IntsInMemory*>(matrix.offsets + column);
  const Ints exact =
      __builtin_bit_cast(Ints, __builtin_bit_cast(Wrapping, sums) - __builtin_bit_cast(Wrapping, offsets));
  const Floats scale = load(matrix.scales + column) * row_scale;
  finish<kFinish>(to, __builtin_convertvector(exact, Floats) * scale + load(matrix.bias + column));
}

// A few rows are done with a panel before the processor's own prefetching has found the next.
JACKDAW_INLINE void fetch_ahead(const QuantizedMatrix& matrix, std::size_t panel) {
  constexpr std::size_t kLineBytes = 64;
  const std::size_t panel_bytes = kPanelColumns * matrix.inputs;
  const std::int8_t* const begin = matrix.panels + panel * panel_bytes;
  for (std::size_t at = 0; at < panel_bytes; at += kLineBytes) __builtin_prefetch(begin + at, 0, 2);
}

// Walks over all tiles of a product. `Tile::kRows` rows at a time; the rest one by one.
template <class Tile, Finish kFinish>
void multiply_s8_as(const QuantizedMatrix& matrix, const QuantizedRows& rows, float* out) {
  const std::size_t panels = matrix.outputs / kPanelColumns;
  for (std::size_t panel = 0; panel < panels;) {
    const std::size_t at_once = panels - panel >= Tile::kPanels ? Tile::kPanels : 1;
    if (panel + at_once < panels) fetch_ahead(matrix, panel + at_once);
    std::size_t row = 0;
    for (; row + Tile::kRows <= rows.count; row += Tile::kRows) {
      Tile::template run<Tile::kRows, kFinish>(matrix, rows, row, panel, at_once, out);
    }
    for (; row < rows.count; ++row) Tile::template run<1, kFinish>(matrix, rows, row, panel, at_once, out);
    panel += at_once;
  }
}

template <class Tile>
void multiply_s8_with(const QuantizedMatrix& matrix, const QuantizedRows& rows, Finish finish, float* out) {
  switch (finish) {
    case Finish::kStore: return multiply_s8_as<Tile, Finish::kStore>(matrix, rows, out);
    case Finish::kAdd: return multiply_s8_as<Tile, Finish::kAdd>(matrix, rows, out);
  }
}
