#include "output/memory_words.h"

#include <array>

#include <doctest/doctest.h>

namespace memory_words_test {

using namespace postmortem;

TEST_CASE("words are printed in crash's columns") {
    const std::array<std::uint64_t, 3> longs = {0x65762078756e694c, 0x2e36206e6f697372, 0x632d36352d302e31};
    PrintedWords printed;
    printed.address = 0xffffffffa051ffe0;
    printed.words = longs;
    CHECK(memory_words_text(printed) ==
          "ffffffffa051ffe0:  65762078756e694c 2e36206e6f697372   Linux version 6.\n"
          "ffffffffa051fff0:  632d36352d302e31                    1.0-56-c\n");
    const std::array<std::uint64_t, 3> numbers = {16384, 0, static_cast<std::uint64_t>(-1595932672ll)};
    printed.words = numbers;
    printed.radix = PrintedWords::Radix::Decimal;
    CHECK(memory_words_text(printed) ==
          "ffffffffa051ffe0:            16384               0 \n"
          "ffffffffa051fff0:      -1595932672 \n");
    printed.radix = PrintedWords::Radix::Unsigned;
    CHECK(memory_words_text(printed) ==
          "ffffffffa051ffe0:                 16384                    0 \n"
          "ffffffffa051fff0:  18446744072113618944 \n");
}

TEST_CASE("characters stand in the order of memory, whichever way the machine counts") {
    const std::array<std::uint64_t, 2> words = {0x4142, 0x4344};
    PrintedWords printed;
    printed.word_size = 2;
    printed.words = words;
    CHECK(memory_words_text(printed).ends_with(" BADC\n"));
    printed.big_endian = true;
    CHECK(memory_words_text(printed).ends_with(" ABCD\n"));
}

}  // namespace memory_words_test
