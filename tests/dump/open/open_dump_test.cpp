#include <filesystem>

#include <doctest/doctest.h>
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/open/folder.h"
#include "support/check_dump.h"
#include "support/temp_dir.h"

namespace open_dump_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

bool mentions(const Error& error, std::string_view text) {
    return error.message.find(text) != std::string::npos;
}

void age(const fs::path& file, int hours) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(hours));
}

}  // namespace

TEST_CASE("a file is opened by its content, whatever its name") {
    const TempDir dir;
    const FakeMemory memory = make_memory(30);
    const auto dump = open_dump(dir.write("holiday.jpg", make_kdump(memory, {})));
    REQUIRE(dump);
    CHECK((*dump)->info().file == dir.path() / "holiday.jpg");
    CHECK(compare(**dump, memory) == undamaged(memory));
}

TEST_CASE("what lies beside a dump is looked for in its directory, of a bare name in the current one") {
    const TempDir dir;
    CHECK(folder_of("vmcore") == ".");
    CHECK(folder_of("./vmcore") == ".");
    CHECK(folder_of("/var/crash/today/vmcore") == "/var/crash/today");
    CHECK(folder_of(dir.path()) == dir.path());
}

TEST_CASE("a directory gives the dump in it") {
    const TempDir dir;
    const FakeMemory memory = make_memory(30);
    dir.write("dmesg.202406011200", "[    0.000000] Linux version 6.1\n");
    dir.write("empty", "");
    for (const std::string name : {"dump.202406011200", "vmcore", "vmcore.flat", "nothing-special"}) {
        const fs::path file = dir.write(name, make_flattened(flat_records(make_kdump(memory, {}), 4096)));
        const auto dump = open_dump(dir.path());
        REQUIRE(dump);
        CHECK((*dump)->info().file == file);
        CHECK((*dump)->problems().empty());
        fs::remove(file);
    }
}

TEST_CASE("of several dumps the newest is taken and the others are named") {
    const TempDir dir;
    const Buffer file = make_kdump(make_memory(30), {});
    age(dir.write("vmcore.2", file), 3);
    age(dir.write("vmcore.1", file), 1);
    age(dir.write("vmcore.3", file), 2);
    const auto dump = open_dump(dir.path());
    REQUIRE(dump);
    CHECK((*dump)->info().file.filename() == "vmcore.1");
    REQUIRE((*dump)->problems().size() == 1);
    CHECK(mentions((*dump)->problems()[0], "vmcore.3, vmcore.2"));
}

TEST_CASE("/var/crash gives the newest dump of its directories") {
    const TempDir dir;
    const Buffer file = make_elf({{0, Buffer(4096)}}, {});
    age(dir.write("202406011200/dump.202406011200", file), 5);
    age(dir.write("127.0.0.1-2024-06-02-12:00/vmcore", file), 2);
    dir.write("kexec_cmd", "kexec -p\n");
    const auto dump = open_dump(dir.path());
    REQUIRE(dump);
    CHECK((*dump)->info().file == dir.path() / "127.0.0.1-2024-06-02-12:00/vmcore");
    CHECK((*dump)->problems().size() == 1);
}

TEST_CASE("a directory without a dump says so, and why what looked like one is none") {
    const TempDir dir;
    dir.write("dmesg.txt", "text");
    auto dump = open_dump(dir.path());
    REQUIRE_FALSE(dump);
    CHECK(dump.error().code == ErrorCode::NotFound);
    CHECK(mentions(dump.error(), dir.path().string()));
    dir.write("202406011200/vmcore.gz", "\x1f\x8b\x08");
    dump = open_dump(dir.path());
    REQUIRE_FALSE(dump);
    CHECK(mentions(dump.error(), "gzip"));
}

TEST_CASE("what is no dump is told by what it looks like") {
    const TempDir dir;
    const std::string zeros(5000, '\0');
    ErrorCode code = ErrorCode::Unsupported;
    const auto expect = [&](std::string_view content, std::string_view words) {
        const auto dump = open_dump(dir.write("file", content));
        REQUIRE_FALSE(dump);
        CHECK(dump.error().code == code);
        CHECK(mentions(dump.error(), (dir.path() / "file").string()));
        CHECK_MESSAGE(mentions(dump.error(), words), dump.error().message);
    };
    expect("", "empty");
    expect("[    0.000000] Linux version 6.1.0\n", "text");
    expect(zeros, "zero");
    expect("\x01\x02\x03\x04\xff", "01 02 03 04 ff");
    expect(std::string("\x7f"
                       "ELF\2\1\1") +
               zeros.substr(0, 9) + std::string("\2\0", 2),
           "vmlinux");
    expect(std::string("\x7f"
                       "ELF\2\1\1") +
               zeros.substr(0, 9) + std::string("\1\0", 2),
           "module");
    expect(
        "\x7f"
        "ELF",
        "damaged");
    expect("KDUMP", "a kdump-compressed dump that is cut off after 5 bytes");
    expect("\xfd\x37zXZ", "an xz file that is cut off after 5 bytes");
    expect(zeros.substr(0, 1024), "a tar archive without files");
    expect("7z\xbc\xaf\x27\x1c", "7z x");
    expect("Rar!\x1a\7\1", "unrar");
    expect("\x1f\x9d\x90", "gzip -d");
    expect(std::string("\x5d\0\0\x80\0", 5), "xz -d");
    expect(std::string("AVML\2\0\0\0", 8), "avml-convert");
    expect("conectix", "qemu-img convert");
    expect("KDMV\1", "qemu-img convert");
    expect("# Disk DescriptorFile\n", "qemu-img convert");
    code = ErrorCode::Corrupt;  // cut off before anything came out
    expect("\x1f\x8b\x08", "gzip");
    expect(std::string_view("\xfd"
                            "7zXZ\0",
                            6),
           "xz");
    expect("\x28\xb5\x2f\xfd", "zstd");
    expect("\x04\x22\x4d\x18", "lz4");
}

TEST_CASE("headers that are cut off are corrupt, in words") {
    const TempDir dir;
    const Buffer kdump = make_kdump(make_memory(10), {});
    const Buffer elf = make_elf({{0, Buffer(4096)}}, {});
    for (const auto& [file, length] : {std::pair{kdump, 100}, {elf, 40}}) {
        const auto dump = open_dump(dir.write("vmcore", Bytes(file).first(static_cast<std::size_t>(length))));
        REQUIRE_FALSE(dump);
        CHECK(dump.error().code == ErrorCode::Corrupt);
        CHECK(mentions(dump.error(), "ends after " + std::to_string(length) + " bytes"));
    }
}

TEST_CASE("what the system refuses is Io with the system's words") {
    const TempDir dir;
    const auto missing = open_dump(dir.path() / "none");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::Io);
    CHECK(mentions(missing.error(), "No such file"));
    REQUIRE(::mkfifo((dir.path() / "pipe").c_str(), 0600) == 0);
    const auto pipe = open_dump(dir.path() / "pipe");
    REQUIRE_FALSE(pipe);
    CHECK(pipe.error().code == ErrorCode::Io);
    CHECK(mentions(pipe.error(), "write it into a file first"));
    CHECK(mentions(open_dump("/dev/null").error(), "it is a device"));
    CHECK(mentions(open_dump("-").error(), "write it into a file first"));
    if (::geteuid() != 0) {
        const fs::path secret = dir.write("secret", "KDUMP   ");
        fs::permissions(secret, fs::perms::none);
        CHECK(mentions(open_dump(secret).error(), "root"));
    }
}

}  // namespace open_dump_test
