// The record buffer of 3.5 to 5.9 (kernel/printk/printk.c): one array in which each record is a struct
// printk_log (struct log until 3.10), its text, its dictionary ("KEY=value" strings parted by NUL) and
// padding. A record of length 0 says: the next one is at the start of the array.
#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "kernel/printk/printk_formats.h"

namespace postmortem::printk {
namespace {

struct RecordLayout {
    std::uint64_t header_size = 0, time = 0, length = 0, text_length = 0, dictionary_length = 0;
    std::optional<std::uint64_t> caller;
    bool level_is_u16 = false;
};

Result<RecordLayout> record_layout(const VmcoreInfo& info) {
    // Renamed in 3.11 (62e32ac3505a).
    const std::string name = info.size("printk_log") ? "printk_log" : "log";
    Layout v(info);
    RecordLayout l;
    l.header_size = v.size(name);
    l.time = v.offset(name + ".ts_nsec");
    l.length = v.offset(name + ".len");
    l.text_length = v.offset(name + ".text_len");
    l.dictionary_length = v.offset(name + ".dict_len");
    // With CONFIG_PRINTK_CALLER, 5.1+.
    l.caller = info.offset(name + ".caller_id");
    v.check(name, l.header_size,
            {{"ts_nsec", l.time, 8},
             {"len", l.length, 2},
             {"text_len", l.text_length, 2},
             {"dict_len", l.dictionary_length, 2}});
    if (v.error()) return fail(*v.error());
    // 3.5 alone had a u16 for facility and level; nothing but the release tells.
    l.level_is_u16 = info.string("OSRELEASE").value_or("").starts_with("3.5.");
    return l;
}

class RecordBuffer {
  public:
    RecordBuffer(const AddressSpace& memory, const RecordLayout& layout, KernelLog& log)
        : memory_(memory), l_(layout), log_(log), header_(layout.header_size) {}

    Result<void> open(const VmcoreInfo& info);
    void read_all();

  private:
    bool read_header(std::uint64_t index);
    PrintkRecord decode(std::uint64_t index);
    void decode_dictionary(PrintkRecord& record, std::string_view bytes) const;
    std::uint64_t length() const { return reader().u16(l_.length).value_or(0); }
    ByteReader reader() const { return ByteReader(header_, memory_.endian()); }

    const AddressSpace& memory_;
    const RecordLayout& l_;
    KernelLog& log_;
    Failures failures_;
    std::vector<std::byte> header_;
    std::uint64_t buffer_ = 0, size_ = 0, first_ = 0, next_ = 0;
};

Result<void> RecordBuffer::open(const VmcoreInfo& info) {
    const Variables variables(memory_, info);
    const auto buffer = variables.pointer("log_buf");
    const auto size = variables.u32("log_buf_len"), first = variables.u32("log_first_idx"),
               next = variables.u32("log_next_idx");
    if (!buffer) return fail(buffer.error());
    for (const auto* value : {&size, &first, &next})
        if (!*value) return fail(value->error());
    buffer_ = *buffer;
    size_ = *size;
    first_ = *first;
    next_ = *next;
    if (size_ > most_log_bytes || first_ >= size_ || next_ >= size_)
        return fail(ErrorCode::Corrupt, fmt::format("the buffer of {} bytes cannot begin at {} and end at {}",
                                                    size_, first_, next_));
    return {};
}

bool RecordBuffer::read_header(std::uint64_t index) {
    if (l_.header_size > size_ - index) {
        log_.problems.emplace_back(ErrorCode::Corrupt, "a log record crosses the end of the buffer",
                                   buffer_ + index);
        return false;
    }
    if (auto done = memory_.read(buffer_ + index, header_); !done) {
        // Without its length there is no way to the next one.
        log_.problems.emplace_back(
            done.error().code,
            fmt::format("the log breaks off at an unreadable record: {}", done.error().message),
            done.error().address);
        return false;
    }
    return true;
}

void RecordBuffer::read_all() {
    // Each step goes up, and the way back to 0 is open once: this ends.
    bool may_wrap = next_ < first_;
    std::uint64_t index = first_;
    while (index != next_ && read_header(index)) {
        if (length() == 0 && may_wrap) {
            may_wrap = false;
            index = 0;
            continue;
        }
        const bool overshoots = !may_wrap && length() > next_ - std::min(index, next_);
        if (length() < l_.header_size || length() > size_ - index || overshoots) {
            log_.problems.emplace_back(ErrorCode::Corrupt,
                                       fmt::format("the log breaks off at a record of length {}", length()),
                                       buffer_ + index);
            break;
        }
        if (log_.records.size() == most_records) {
            log_.problems.emplace_back(ErrorCode::Unsupported, "the log holds more records than are read");
            break;
        }
        log_.records.push_back(decode(index));
        index += length();
    }
    failures_.report(log_.problems);
}

PrintkRecord RecordBuffer::decode(std::uint64_t index) {
    const ByteReader header = reader();
    PrintkRecord record;
    record.time_ns = header.u64(l_.time);
    const std::uint64_t facility_at = l_.dictionary_length + 2;
    if (l_.level_is_u16) {
        const std::uint16_t both = header.u16(facility_at).value_or(0);
        record.facility = both >> 3;
        record.level = static_cast<std::uint8_t>(both & 7);
    } else {
        decode_level(record, header.u8(facility_at).value_or(0), header.u8(facility_at + 1).value_or(0),
                     header.endian());
    }
    if (l_.caller)
        if (const auto caller_id = header.u32(*l_.caller)) record.caller = decode_caller(*caller_id);

    const std::uint64_t room = length() - l_.header_size;
    const std::uint64_t text_length = std::min<std::uint64_t>(header.u16(l_.text_length).value_or(0), room);
    const std::uint64_t dictionary_length =
        std::min<std::uint64_t>(header.u16(l_.dictionary_length).value_or(0), room - text_length);
    const auto bytes = memory_.bytes(buffer_ + index + l_.header_size, text_length + dictionary_length);
    if (!bytes) {
        failures_.add(bytes.error());
        record.text_state = PrintkText::Unreadable;
        return record;
    }
    const std::string_view text = as_text(*bytes);
    record.text = text.substr(0, text_length);
    decode_dictionary(record, text.substr(text_length));
    return record;
}

void RecordBuffer::decode_dictionary(PrintkRecord& record, std::string_view bytes) const {
    while (!bytes.empty()) {
        const std::string_view entry = until_nul(bytes);
        bytes.remove_prefix(std::min(bytes.size(), entry.size() + 1));
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        record.dictionary.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
}

}  // namespace

void read_records(const AddressSpace& memory, const VmcoreInfo& info, KernelLog& log) {
    log.format = PrintkFormat::Records;
    const auto layout = record_layout(info);
    if (!layout) {
        log.problems.push_back(layout.error());
        return;
    }
    RecordBuffer buffer(memory, *layout, log);
    if (auto opened = buffer.open(info); !opened) {
        opened.error().message = fmt::format("the kernel log: {}", opened.error().message);
        log.problems.push_back(std::move(opened.error()));
        return;
    }
    buffer.read_all();
}

}  // namespace postmortem::printk
