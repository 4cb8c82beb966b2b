// The flat buffer before 3.5 (kernel/printk.c): a ring of characters. log_end counts every character that was
// ever written; each line begins with "<level>", and with "[seconds.micros] " where printk.time was set.
#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "kernel/printk/printk_formats.h"

namespace postmortem::printk {
namespace {

struct FlatBuffer {
    std::uint64_t address = 0, size = 0, end = 0, length = 0;
};

Result<FlatBuffer> find_buffer(const AddressSpace& memory, const VmcoreInfo& info) {
    const Variables variables(memory, info);
    const auto buffer = variables.pointer("log_buf");
    const auto size = variables.u32("log_buf_len"), end = variables.u32("log_end");
    if (!buffer) return fail(buffer.error());
    if (!size) return fail(size.error());
    if (!end) return fail(end.error());
    if (*size == 0 || *size > most_text_bytes)
        return fail(ErrorCode::Corrupt, fmt::format("its buffer claims {} bytes", *size));
    FlatBuffer flat{*buffer, *size, *end, *end};
    // log_end wraps at 2^32; logged_chars (characters since the last clear, at most the buffer's size) does
    // not.
    if (const auto logged = variables.u32("logged_chars"))
        flat.length = std::max<std::uint64_t>(flat.length, *logged);
    flat.length = std::min(flat.length, flat.size);
    return flat;
}

// The buffer's text, oldest character first; an unreadable stretch is left out.
std::string read_text(const AddressSpace& memory, const FlatBuffer& flat, Failures& failures) {
    constexpr std::uint64_t step = 4096;
    std::string text;
    text.reserve(flat.length);
    const std::uint64_t start = flat.end + flat.size - flat.length;
    for (std::uint64_t done = 0; done < flat.length;) {
        const std::uint64_t index = (start + done) % flat.size;
        const std::uint64_t address = flat.address + index;
        const std::uint64_t length = std::min({flat.length - done, flat.size - index, step - address % step});
        const auto bytes = memory.bytes(address, length);
        if (bytes)
            text += as_text(*bytes);
        else
            failures.add(bytes.error());
        done += length;
    }
    return text;
}

// Takes "<N>" off the line: facility * 8 + level.
void take_level(std::string_view& line, PrintkRecord& record) {
    const std::size_t close = line.find('>');
    if (!line.starts_with('<') || close == std::string_view::npos || close > 4) return;
    const auto number = parse_u64(line.substr(1, close - 1));
    if (!number) return;
    record.facility = static_cast<std::uint32_t>(*number >> 3);
    record.level = static_cast<std::uint8_t>(*number & 7);
    line.remove_prefix(close + 1);
}

// Takes "[    1.234567] " off the line, where printing it again gives the same characters.
void take_time(std::string_view& line, PrintkRecord& record) {
    const std::size_t close = line.find("] ");
    const std::size_t dot = line.find('.');
    if (!line.starts_with('[') || close == std::string_view::npos || dot == std::string_view::npos ||
        dot + 7 != close)
        return;
    const auto seconds = parse_u64(trimmed(line.substr(1, dot - 1))),
               micros = parse_u64(line.substr(dot + 1, 6));
    if (!seconds || !micros || *seconds > 0xffffffff ||
        fmt::format("[{:>5}.{:06}] ", *seconds, *micros) != line.substr(0, close + 2))
        return;
    record.time_ns = *seconds * 1'000'000'000 + *micros * 1000;
    line.remove_prefix(close + 2);
}

}  // namespace

void read_flat(const AddressSpace& memory, const VmcoreInfo& info, KernelLog& log) {
    log.format = PrintkFormat::Flat;
    const auto flat = find_buffer(memory, info);
    if (!flat) {
        log.problems.emplace_back(flat.error().code, fmt::format("the kernel log: {}", flat.error().message),
                                  flat.error().address);
        return;
    }
    Failures failures;
    std::string text = read_text(memory, *flat, failures);
    std::erase(text, '\0');
    if (text.ends_with('\n')) text.pop_back();
    if (!text.empty()) {
        for (std::string_view line : split(text, '\n')) {
            if (log.records.size() == most_records) {
                log.problems.emplace_back(ErrorCode::Unsupported, "the log holds more lines than are read");
                break;
            }
            PrintkRecord record;
            take_level(line, record);
            take_time(line, record);
            record.text = line;
            log.records.push_back(std::move(record));
        }
    }
    failures.report(log.problems);
}

}  // namespace postmortem::printk
