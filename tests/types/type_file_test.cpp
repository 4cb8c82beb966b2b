// Type files: what is written is read, another build's is refused, a damaged one is no crash.
#include "types/type_file.h"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/btf_builder.h"
#include "support/environment.h"
#include "support/temp_dir.h"
#include "types/btf.h"
#include "types/find_type_file.h"

namespace type_file_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

const KernelBuild build{"0123456789abcdef", "6.1.0-test", "Linux version 6.1.0-test (me@here) #1"};

TypeFile sample() {
    test::BtfBuilder btf;
    const auto word = btf.integer("long unsigned int", 8);
    btf.structure("task_struct", 4096,
                  {{"pid", word, 64}, {"unasked_for", word, 128}, {"comm", btf.array(word, 2), 192}});
    return make_type_file(**open_btf(btf.bytes(), "BTF"), build, "BTF", 8);
}

void write(const fs::path& path, const TypeFile& file) {
    fs::create_directories(path.parent_path());
    REQUIRE(write_type_file(path, file));
}

}  // namespace

TEST_CASE("a type file says what it is of, and gives the types back") {
    const auto bytes = pack(sample());
    const std::string_view text = as_text(bytes);
    CHECK(text.starts_with("postmortem types 2\nbuild-id: 0123456789abcdef\nrelease: 6.1.0-test\n"));
    auto file = unpack_type_file(bytes, "a.types");
    REQUIRE(file);
    CHECK(file->build.banner == build.banner);
    CHECK(names_lacking(*file) == 0);
    const auto types = open_type_file(std::move(*file), "type file a.types");
    REQUIRE(types);
    CHECK((*types)->source() == "type file a.types");
    CHECK((*types)->offset_of("task_struct", "pid") == 8u);
    CHECK((*types)->size_of("task_struct") == 4096u);
    CHECK_FALSE((*types)->damage());
    CHECK_FALSE((*types)->offset_of("task_struct", "unasked_for"));
}

TEST_CASE("the sign that differs is named, and only what both know is compared") {
    const auto differs = [](KernelBuild one, KernelBuild other) {
        return how_it_differs("f", one, other).value_or("");
    };
    CHECK(differs({"aa", "1", "x"}, {"aa", "2", "y"}).empty());
    CHECK(differs({"aa", "1", ""}, {"bb", "1", ""}) ==
          "f: it is of another build: its build-id is aa, that of the dump's kernel bb");
    CHECK(contains(differs({"aa", "1", "x"}, {"", "1", "y"}),
                   "its linux_banner is x, that of the dump's kernel y"));
    CHECK(contains(differs({"aa", "1", ""}, {"", "2", "y"}), "its release is 1"));
    CHECK(differs({"aa", "", ""}, {"", "2", "y"}).empty());
}

TEST_CASE("a file for fewer names says so") {
    TypeFile file = sample();
    file.words.erase(file.words.find("task_struct\n"), std::string_view("task_struct\n").size());
    CHECK(names_lacking(file) == 1);
    const auto types = open_type_file(std::move(file), "old");
    REQUIRE(types);
    REQUIRE((*types)->damage());
    CHECK(contains((*types)->damage()->message, "postmortem types"));
}

TEST_CASE("damaged type files end in an error or in the same types") {
    const auto whole = pack(sample());
    std::size_t refused = 0;
    for (unsigned seed = 0; seed < 400; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        auto bytes = whole;
        for (unsigned i = 0; i < 1 + seed % 4; ++i)
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        if (seed % 5 == 0) bytes.resize(random() % bytes.size());
        auto file = unpack_type_file(bytes, "mutant");
        if (!file) {
            CHECK(file.error().message.starts_with("mutant: "));
            ++refused;
            continue;
        }
        const auto types = open_type_file(std::move(*file), "mutant");
        if (types) CHECK((*types)->offset_of("task_struct", "pid").value_or(8) == 8);
    }
    CHECK(refused > 200);
    for (const std::string_view garbage : {"", "garbage", "postmortem types 3\n\n", "postmortem types 1\n",
                                           "postmortem types 1\nbytes: 99999999999\n\n"})
        CHECK_FALSE(unpack_type_file(as_bytes(garbage), "x"));
}

TEST_CASE("no byte of what a type file says of itself can change unnoticed") {
    const auto whole = pack(sample());
    const std::size_t header = as_text(whole).find("\ncheck: ");
    REQUIRE(header != npos);
    for (std::size_t i = 0; i < header + std::string_view("\ncheck: 01234567").size(); ++i) {
        CAPTURE(i);
        auto bytes = whole;
        bytes[i] ^= std::byte{1};
        CHECK_FALSE(unpack_type_file(bytes, "mutant"));
    }
    // Those of an older postmortem end with their size.
    std::string older(as_text(whole));
    older.erase(header, older.find("\n\n") - header);
    older.replace(older.find('2'), 1, "1");
    CHECK(unpack_type_file(as_bytes(older), "older"));
}

TEST_CASE("type files are found beside the dump, in the cache, and where they are said to be") {
    const test::TempDir dir;
    const test::EnvironmentVariable cache("XDG_CACHE_HOME", dir.path() / "cache");
    TypeFileQuery query;
    query.build = build;
    query.beside = dir.path() / "dump";
    query.root = dir.path() / "root";
    const std::string name = type_file_name(build);
    CHECK(name == "6.1.0-test-0123456789ab.types");
    const auto missing = find_type_file(query);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::NotFound);
    CHECK(contains(missing.error().message, "cache/postmortem/types"));

    // The last place first, so that each next one goes before those that are there.
    for (const fs::path& folder :
         {query.root / "usr/share/postmortem/types", dir.path() / "cache/postmortem/types", query.beside,
          dir.path() / "given"}) {
        write(folder / name, sample());
        if (folder.filename() == "given") query.given = folder;
        const auto found = find_type_file(query);
        REQUIRE(found);
        CHECK(found->path == folder / name);
    }
    query.given = dir.path() / "given" / name;
    CHECK(find_type_file(query)->path == query.given);

    // One of another build is passed over in a folder, and refused where it was named.
    TypeFile other = sample();
    other.build.build_id = "ffff";
    write(query.given, other);
    REQUIRE_FALSE(find_type_file(query));
    CHECK(find_type_file(query).error().code == ErrorCode::InvalidArgument);
    query.given = dir.path() / "given";
    CHECK(find_type_file(query)->path == query.beside / name);
}

TEST_CASE("a file's name leads nowhere else") {
    const std::string evil = type_file_name({"../../etc", "../evil/\n", ""});
    CHECK_FALSE(contains(evil, "/"));
    CHECK_FALSE(contains(evil, "\n"));
    CHECK_FALSE(evil.starts_with('.'));
    CHECK(type_file_name({}) == "kernel.types");
    CHECK(type_file_name({"abcdef0123456789", "", ""}) == "abcdef012345.types");
}

}  // namespace type_file_test
