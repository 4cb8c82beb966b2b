// The modules of real dumps against the guest's own /proc/modules.
#include <map>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/loaded_modules.h>

#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace loaded_modules_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

TEST_SUITE("real dumps") {
    TEST_CASE("the modules of a real dump are those of /proc/modules") {
        std::size_t compared = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            const auto file = truth ? truth->file("/proc/modules") : std::nullopt;
            if (!file || file->empty()) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const LoadedModules list = loaded_modules(*dump);
            std::map<std::string, const LoadedModule*> by_name;
            for (const LoadedModule& module : list.modules) by_name[module.name] = &module;
            std::istringstream lines{std::string(*file)};
            for (std::string line; std::getline(lines, line);) {
                std::istringstream words(line);
                std::string name, size, references, users, state, address;
                words >> name >> size >> references >> users >> state >> address;
                if (name.empty()) continue;
                CAPTURE(line);
                REQUIRE(by_name.count(name));
                const LoadedModule& module = *by_name[name];
                CHECK(fmt::format("{}", module.bytes) == size);
                CHECK(module.state == ModuleState::Live);
                // Hidden from who may not see it.
                if (const std::uint64_t there = std::stoull(address, nullptr, 16))
                    CHECK(module.text_base == there);
                std::string ours;
                for (const std::string& user : module.used_by.value()) ours += user + ",";
                if (ours.empty()) ours = "-";
                if (list.problems.empty()) CHECK(ours == users);
                ++compared;
            }
        }
        CHECK(compared > 5);
    }
}

TEST_CASE("modules are printed as crash prints them") {
    LoadedModules list;
    list.in_pieces = true;
    LoadedModule module;
    module.name = "crc32c_intel";
    module.address = 0xffffffffc029b280;
    module.text_base = 0xffffffffc0298000;
    module.bytes = 16384;
    module.taint_mask = 0;
    module.has_symbols = true;
    list.modules.push_back(module);
    CHECK(taints_to_text(list) == "no tainted modules\n");
    module.name = "zram";
    module.bytes = 204800;
    module.taint_mask = 0x3000;
    module.taint_letters = "OE";
    list.modules.push_back(module);
    CHECK(to_text(list) ==
          "     MODULE       NAME             TEXT_BASE        SIZE  OBJECT FILE\n"
          "ffffffffc029b280  crc32c_intel  ffffffffc0298000   16384  (not loaded)  [CONFIG_KALLSYMS]\n"
          "ffffffffc029b280  zram          ffffffffc0298000  204800  (not loaded)  [CONFIG_KALLSYMS]\n");
    CHECK(taints_to_text(list) == "NAME  TAINTS\nzram  OE\n");
}

}  // namespace loaded_modules_real_test
