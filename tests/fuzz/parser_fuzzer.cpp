// libFuzzer over one parser, whose name the build gives. With -DPOSTMORTEM_FUZZERS=ON
// -DPOSTMORTEM_SANITIZE=ON and clang; then
//   fuzzer_seeds SEEDS && dump_fuzzer -max_len=65536 CORPUS SEEDS/dump
#include <cstddef>
#include <cstdint>

#include "support/fuzz_parsers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const postmortem::test::ParserTarget& target = *postmortem::test::parser_target(PARSER);
    target.run({reinterpret_cast<const std::byte*>(data), size});
    return 0;
}
