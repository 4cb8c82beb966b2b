// `mod` of modules whose memory is not known.
#include <doctest/doctest.h>

#include <postmortem/loaded_modules.h>
#include <postmortem/render.h>

#include "base/text.h"

namespace loaded_modules_text_test {

using namespace postmortem;

TEST_CASE("where a module begins and how large it is are dashes, as long as they are not known") {
    LoadedModules list;
    list.address_digits = 8;
    LoadedModule& module = list.modules.emplace_back();
    module.name = "widget";
    module.address = 0xf7812000;
    CHECK(contains(to_text(list), "f7812000  widget         -     -  (not loaded)"));
    CHECK(contains(to_json(list), "\"text_base\": null"));
    CHECK(contains(to_json(list), "\"bytes\": null"));
    module.text_base = 0xf7810000;
    module.bytes = 16384;
    CHECK(contains(to_text(list), "f7812000  widget  f7810000  16384  (not loaded)"));
}

}  // namespace loaded_modules_text_test
