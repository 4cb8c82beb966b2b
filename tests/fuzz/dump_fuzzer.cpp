// libFuzzer over every dump format. Build with -DPOSTMORTEM_FUZZERS=ON -DPOSTMORTEM_SANITIZE=ON and clang;
// then
//   dump_fuzzer_seeds SEEDS && dump_fuzzer -max_len=65536 CORPUS SEEDS
#include <cstddef>
#include <cstdint>

#include "support/fuzz_dump.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    postmortem::test::fuzz_dump({reinterpret_cast<const std::byte*>(data), size});
    return 0;
}
