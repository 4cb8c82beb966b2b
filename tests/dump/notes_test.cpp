#include "dump/notes.h"

#include <doctest/doctest.h>

#include "support/fake_dump.h"

namespace notes_test {

using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("notes are read in both byte orders, with padding between them") {
    for (const Endian endian : {Endian::Little, Endian::Big}) {
        Buffer area(12);  // the empty buffer of an offline CPU
        const Buffer real =
            make_notes({{"CORE", 1, Buffer(3)}, {"QEMU", 0, Buffer(8)}, {"", 5, Buffer(1)}}, endian);
        area.insert(area.end(), real.begin(), real.end());
        std::vector<Note> notes;
        CHECK_FALSE(append_notes(area, endian, notes));
        REQUIRE(notes.size() == 3);
        CHECK(notes[0].name == "CORE");
        CHECK(notes[0].type == 1);
        CHECK(notes[0].desc.size() == 3);
        CHECK(notes[1].name == "QEMU");
        CHECK(notes[2].desc.size() == 1);
    }
}

TEST_CASE("notes that are cut off keep the whole ones before") {
    const Buffer area =
        make_notes({{"CORE", 1, Buffer(336)}, {"VMCOREINFO", 0, Buffer(50, std::byte{'x'})}}, Endian::Little);
    for (std::size_t length = 0; length < area.size(); ++length) {
        std::vector<Note> notes;
        const auto wrong = append_notes(Bytes(area).first(length), Endian::Little, notes);
        CAPTURE(length);
        const std::size_t whole = (length >= 356 ? 1u : 0u) + (length >= area.size() - 2 ? 1u : 0u);
        CHECK(notes.size() == whole);
        if (length >= 4 && length < 356) CHECK(wrong.has_value());
    }
}

TEST_CASE("sizes in a note that reach beyond everything are an error") {
    Buffer area = make_notes({{"CORE", 1, Buffer(8)}}, Endian::Little);
    for (const std::size_t field : {0u, 4u}) {
        Buffer broken = area;
        store<std::uint32_t>(broken.data() + field, 0xffffffff, Endian::Little);
        std::vector<Note> notes;
        CHECK(append_notes(broken, Endian::Little, notes));
        CHECK(notes.empty());
    }
}

TEST_CASE("VMCOREINFO is found among the notes, up to its NUL") {
    std::vector<Note> notes = {{"CORE", 1, as_bytes("VMCOREINFO")},
                               {"VMCOREINFO_XEN", 0, as_bytes("no")},
                               {"VMCOREINFO", 0, as_bytes(std::string_view("A=1\n\0junk", 9))}};
    CHECK(vmcoreinfo_in(notes) == "A=1\n");
    notes.pop_back();
    CHECK(vmcoreinfo_in(notes).empty());
}

}  // namespace notes_test
