#include "log/events/refine.h"

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::uint64_t first_page = 4096;

enum class Abort { Unknown, NotMapped, Alignment, External };

// ESR_ELx.DFSC/IFSC, arch/arm64/mm/fault.c fault_info[]
Abort abort_of_arm64(std::uint64_t status) {
    const std::uint64_t exception_class =
        status >> 26;  // aborts of data or instructions, from the same level or below
    if (exception_class < 0x20 || exception_class > 0x25) return Abort::Unknown;
    const std::uint64_t code = status & 0x3f;
    if (code < 0x10 || (code & 0x3c) == 0x2c)
        return Abort::NotMapped;  // address size, translation, access, permission
    if (code == 0x21) return Abort::Alignment;
    return Abort::External;
}

// The fault status register, arch/arm/mm/fsr-2level.c; with LPAE (bit 9) fsr-3level.c
Abort abort_of_arm(std::uint64_t status) {
    if (status & 0x200) {
        const std::uint64_t code = status & 0x3f;
        if (code >= 0x04 && code < 0x10) return Abort::NotMapped;
        return code == 0x21 ? Abort::Alignment : Abort::External;
    }
    switch ((status & 0xf) | (status >> 6 & 0x10)) {
        case 1:
        case 3: return (status & 0x400) == 0 && (status & 0xf) == 1 ? Abort::Alignment : Abort::NotMapped;
        case 5:
        case 6:
        case 7:
        case 9:
        case 11:
        case 13:
        case 15: return Abort::NotMapped;
        default: return Abort::External;
    }
}

// "Internal error: Oops: 96000005 [#1]", "Internal error: Oops: 17 [#1]": all that is left where the line
// that says what happened is torn off.
Abort abort_in(std::string_view headline) {
    constexpr std::string_view words = "Internal error: Oops: ";
    const std::size_t at = headline.find(words);
    if (at == std::string_view::npos) return Abort::Unknown;
    const std::string_view digits = Cursor(headline.substr(at + words.size())).take_while(is_hex);
    const auto status = parse_u64(digits, 16);
    if (!status || digits.empty()) return Abort::Unknown;
    return *status >> 26 != 0 ? abort_of_arm64(*status) : abort_of_arm(*status);
}

void replace(std::string& text, std::string_view from, std::string_view to) {
    if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

}  // namespace

void refine_class(LogEvent& event, Naming& naming) {
    if (event.event_class == EventClass::UnhandledFault) {
        switch (abort_in(event.headline)) {
            case Abort::NotMapped: event.event_class = EventClass::PageFault; break;
            case Abort::Alignment: event.event_class = EventClass::AlignmentFault; break;
            default: break;
        }
    }
    // Most architectures have no words of their own for NULL (mips, loongarch, xtensa, sparc).
    if (event.event_class == EventClass::PageFault && event.fault_address &&
        *event.fault_address < first_page) {
        event.event_class = EventClass::NullDereference;
        replace(naming.title, "kernel paging request", "kernel NULL pointer dereference");
    }
    naming.event_class = event.event_class;
}

}  // namespace postmortem
