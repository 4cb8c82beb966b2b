// The lockless ring of 5.10+ (kernel/printk/printk_ringbuffer.c). Three arrays: descriptors, their infos (one
// each, same index) and text. A descriptor's state word holds its id and two bits of state; a record counts
// when its descriptor carries the wanted id and was committed or finalised. Ids and text positions only grow
// and wrap with the machine word; their low bits are the index.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "kernel/printk/printk_formats.h"

namespace postmortem::printk {
namespace {

enum class DescriptorState { Reserved = 0, Committed = 1, Finalised = 2, Reusable = 3 };

// FAILED_LPOS and EMPTY_LINE_LPOS (NO_LPOS until 6.7): a block without data has the low bit set in both ends.
constexpr std::uint64_t failed_lpos = 1;

struct RingLayout {
    std::uint64_t word = 8;  // sizeof(long)
    std::uint64_t word_mask = ~0ull;
    std::uint64_t ring_size, ring_descs, ring_text, ring_fail;
    std::uint64_t descs_count_bits, descs_array, descs_infos, descs_head, descs_tail;
    std::uint64_t text_size_bits, text_array;
    std::uint64_t desc_size, desc_state, desc_begin, desc_next;
    std::uint64_t info_size, info_seq, info_time, info_text_len, info_caller, info_device;
    std::uint64_t device_subsystem, device_device, subsystem_length, device_length;
    bool facility_after_text_len = false;
    bool execution_context = false;
};

Result<RingLayout> ring_layout(const VmcoreInfo& info) {
    Layout v(info);
    RingLayout l;
    l.word = v.size("atomic_long_t");
    const std::uint64_t counter = v.offset("atomic_long_t.counter");
    l.ring_size = v.size("printk_ringbuffer");
    l.ring_descs = v.offset("printk_ringbuffer.desc_ring");
    l.ring_text = v.offset("printk_ringbuffer.text_data_ring");
    l.ring_fail = v.offset("printk_ringbuffer.fail") + counter;
    l.descs_count_bits = l.ring_descs + v.offset("prb_desc_ring.count_bits");
    l.descs_array = l.ring_descs + v.offset("prb_desc_ring.descs");
    l.descs_infos = l.ring_descs + v.offset("prb_desc_ring.infos");
    l.descs_head = l.ring_descs + v.offset("prb_desc_ring.head_id") + counter;
    l.descs_tail = l.ring_descs + v.offset("prb_desc_ring.tail_id") + counter;
    l.text_size_bits = l.ring_text + v.offset("prb_data_ring.size_bits");
    l.text_array = l.ring_text + v.offset("prb_data_ring.data");
    l.desc_size = v.size("prb_desc");
    l.desc_state = v.offset("prb_desc.state_var") + counter;
    l.desc_begin = v.offset("prb_desc.text_blk_lpos") + v.offset("prb_data_blk_lpos.begin");
    l.desc_next = v.offset("prb_desc.text_blk_lpos") + v.offset("prb_data_blk_lpos.next");
    l.info_size = v.size("printk_info");
    l.info_seq = v.offset("printk_info.seq");
    l.info_time = v.offset("printk_info.ts_nsec");
    l.info_text_len = v.offset("printk_info.text_len");
    l.info_caller = v.offset("printk_info.caller_id");
    l.info_device = v.offset("printk_info.dev_info");
    l.device_subsystem = l.info_device + v.offset("dev_printk_info.subsystem");
    l.device_device = l.info_device + v.offset("dev_printk_info.device");
    l.subsystem_length = info.length("printk_info_subsystem").value_or(16);
    l.device_length = info.length("printk_info_device").value_or(48);
    if (v.error()) return fail(*v.error());
    if (l.word != 4 && l.word != 8)
        return fail(ErrorCode::Corrupt, fmt::format("VMCOREINFO's SIZE(atomic_long_t) is {}", l.word));
    v.check(
        "printk_ringbuffer", l.ring_size,
        {{"desc_ring", l.ring_descs, 4}, {"text_data_ring", l.ring_text, 4}, {"fail", l.ring_fail, l.word}});
    v.check("prb_desc_ring", 0,
            {{"count_bits", l.descs_count_bits, 4},
             {"descs", l.descs_array, l.word},
             {"infos", l.descs_infos, l.word},
             {"head_id", l.descs_head, l.word},
             {"tail_id", l.descs_tail, l.word}});
    v.check("prb_data_ring", 0, {{"size_bits", l.text_size_bits, 4}, {"data", l.text_array, l.word}});
    v.check("prb_desc", l.desc_size,
            {{"state_var", l.desc_state, l.word},
             {"text_blk_lpos.begin", l.desc_begin, l.word},
             {"text_blk_lpos.next", l.desc_next, l.word}});
    v.check("printk_info", l.info_size,
            {{"seq", l.info_seq, 8},
             {"ts_nsec", l.info_time, 8},
             {"text_len", l.info_text_len, 2},
             {"caller_id", l.info_caller, 4},
             {"dev_info.subsystem", l.device_subsystem, l.subsystem_length},
             {"dev_info.device", l.device_device, l.device_length}});
    if (v.error()) return fail(*v.error());
    if (l.word == 4) l.word_mask = 0xffffffff;
    // Not exported: u16 text_len, u8 facility, u8 flags:5 level:3, u32 caller_id. Since 7.0, with
    // CONFIG_PRINTK_EXECUTION_CTX, u32 caller_id2 and char comm[16] follow.
    l.facility_after_text_len = l.info_caller == l.info_text_len + 4;
    l.execution_context = l.info_device == l.info_caller + 4 + 4 + 16;
    return l;
}

class Ring {
  public:
    Ring(const AddressSpace& memory, const RingLayout& layout, KernelLog& log)
        : memory_(memory),
          l_(layout),
          log_(log),
          desc_bytes_(layout.desc_size),
          info_bytes_(layout.info_size) {}

    Result<void> open(std::uint64_t prb_pointer);
    void read_all();

  private:
    ByteReader reader(const std::vector<std::byte>& bytes) const {
        return ByteReader(bytes, memory_.endian());
    }
    std::uint64_t word(const ByteReader& from, std::uint64_t offset) const {
        if (l_.word == 8) return from.u64(offset).value_or(0);
        return from.u32(offset).value_or(0);
    }
    std::uint64_t id_mask() const { return l_.word_mask >> 2; }

    void read_record(std::uint64_t id);
    void tell_others(std::uint64_t wanted);
    PrintkRecord decode_info() const;
    void read_text(PrintkRecord& record, std::uint64_t id, std::uint64_t text_len);

    const AddressSpace& memory_;
    const RingLayout& l_;
    KernelLog& log_;
    Failures failures_;
    std::vector<std::byte> desc_bytes_, info_bytes_, text_bytes_;
    std::uint64_t descs_ = 0, infos_ = 0, text_ = 0;
    std::uint64_t count_ = 0, text_size_ = 0;
    std::uint64_t head_ = 0, tail_ = 0;
    std::uint64_t text_total_ = 0;
    std::uint64_t others_ = 0;
};

Result<void> Ring::open(std::uint64_t prb_pointer) {
    std::array<std::byte, 8> pointer_bytes{};
    if (auto done = memory_.read(prb_pointer, std::span(pointer_bytes).first(l_.word)); !done) return done;
    const std::uint64_t prb = word(ByteReader(pointer_bytes, memory_.endian()), 0);
    const auto bytes = memory_.bytes(prb, l_.ring_size);
    if (!bytes) return fail(bytes.error());
    const ByteReader ring = reader(*bytes);

    const auto count_bits = ring.u32(l_.descs_count_bits), size_bits = ring.u32(l_.text_size_bits);
    if (!count_bits || !size_bits || !ring.holds(l_.descs_tail, l_.word) ||
        !ring.holds(l_.text_array, l_.word))
        return fail(ErrorCode::Corrupt, "VMCOREINFO's offsets reach past struct printk_ringbuffer", prb);
    if (*count_bits < 1 || *count_bits > 30 || *size_bits < 3 || *size_bits > 31)
        return fail(ErrorCode::Corrupt,
                    fmt::format("the log ring claims 2^{} descriptors and 2^{} bytes of text", *count_bits,
                                *size_bits),
                    prb);
    count_ = 1ull << *count_bits;
    text_size_ = 1ull << *size_bits;
    descs_ = word(ring, l_.descs_array);
    infos_ = word(ring, l_.descs_infos);
    text_ = word(ring, l_.text_array);
    head_ = word(ring, l_.descs_head) & id_mask();
    tail_ = word(ring, l_.descs_tail) & id_mask();
    log_.failed_calls = word(ring, l_.ring_fail);
    return {};
}

void Ring::read_all() {
    std::uint64_t wanted = ((head_ - tail_) & id_mask()) + 1;
    if (wanted > count_) {
        log_.problems.emplace_back(
            ErrorCode::Corrupt,
            fmt::format("the log ring's ends lie {} records apart, and it has room for {}", wanted, count_));
        wanted = count_;
    }
    if (wanted > most_records) {
        log_.problems.emplace_back(
            ErrorCode::Unsupported,
            fmt::format("the log holds up to {} records; only the newest {} are read", wanted, most_records));
        wanted = most_records;
    }
    for (std::uint64_t left = wanted; left > 0; --left) {
        read_record((head_ - (left - 1)) & id_mask());
        if (text_total_ > most_text_bytes) {
            log_.problems.emplace_back(ErrorCode::Corrupt,
                                       "the log's records claim more text than any log holds");
            break;
        }
    }
    failures_.report(log_.problems);
    tell_others(wanted);
}

// Between the ends of a ring each slot is of its own record, but for those that a CPU was taking just then.
void Ring::tell_others(std::uint64_t wanted) {
    constexpr std::uint64_t taken_at_once = 64;
    if (others_ <= taken_at_once && (others_ < wanted || wanted == 1)) return;
    log_.problems.emplace_back(
        ErrorCode::Corrupt,
        fmt::format(
            "{} of the {} slots between the ends of the log ring belong to other records: its ends, or what "
            "VMCOREINFO says of it, are damaged",
            others_, wanted));
}

void Ring::read_record(std::uint64_t id) {
    const std::uint64_t index = id & (count_ - 1);
    if (auto done = memory_.read(descs_ + index * l_.desc_size, desc_bytes_); !done)
        return failures_.add(done.error());
    const std::uint64_t state_word = word(reader(desc_bytes_), l_.desc_state);
    // Another id: the slot was never used, or it belongs to a record that has since left by the tail.
    if ((state_word & id_mask()) != id) {
        ++others_;
        return;
    }
    const auto state = static_cast<DescriptorState>(state_word >> (l_.word * 8 - 2));
    if (state == DescriptorState::Reserved) ++log_.unfinished;
    if (state != DescriptorState::Committed && state != DescriptorState::Finalised) return;

    if (auto done = memory_.read(infos_ + index * l_.info_size, info_bytes_); !done)
        return failures_.add(done.error());
    PrintkRecord record = decode_info();
    // prb_reserve() numbers the records of a slot from its index on, in steps of the ring's length.
    if (record.seq && (*record.seq & (count_ - 1)) != index)
        failures_.add(ErrorCode::Corrupt, "the number of the record is not of its place in the ring",
                      infos_ + index * l_.info_size);
    read_text(record, id, reader(info_bytes_).u16(l_.info_text_len).value_or(0));
    text_total_ += record.text.size();
    log_.records.push_back(std::move(record));
}

PrintkRecord Ring::decode_info() const {
    const ByteReader info = reader(info_bytes_);
    PrintkRecord record;
    record.seq = info.u64(l_.info_seq);
    record.time_ns = info.u64(l_.info_time);
    if (l_.facility_after_text_len)
        decode_level(record, info.u8(l_.info_text_len + 2).value_or(0),
                     info.u8(l_.info_text_len + 3).value_or(0), info.endian());
    if (const auto caller_id = info.u32(l_.info_caller)) {
        record.caller = decode_caller(*caller_id);
        if (l_.execution_context) {
            const PrintkCaller other = decode_caller(info.u32(l_.info_caller + 4).value_or(0));
            if (other.interrupt)
                record.caller->cpu = other.cpu;
            else
                record.caller->pid = other.pid;
            if (const auto comm = info.slice(l_.info_caller + 8, 16))
                record.caller->comm = until_nul(as_text(*comm));
        }
    }
    const auto add = [&](const char* key, std::uint64_t offset, std::uint64_t length) {
        const auto bytes = info.slice(offset, length);
        const std::string_view value = bytes ? until_nul(as_text(*bytes)) : std::string_view();
        if (!value.empty()) record.dictionary.emplace_back(key, value);
    };
    add("SUBSYSTEM", l_.device_subsystem, l_.subsystem_length);
    add("DEVICE", l_.device_device, l_.device_length);
    return record;
}

// A text block is the record's id and then the text. One that would cross the end of the ring starts anew at
// index 0; since 6.18 one that ends exactly there does not count as crossing (is_blk_wrapped()).
void Ring::read_text(PrintkRecord& record, std::uint64_t id, std::uint64_t text_len) {
    const ByteReader desc = reader(desc_bytes_);
    const std::uint64_t begin = word(desc, l_.desc_begin), next = word(desc, l_.desc_next);
    if ((begin & 1) != 0 && (next & 1) != 0) {
        record.text_state = begin == failed_lpos ? PrintkText::Dropped : PrintkText::EmptyLine;
        return;
    }
    const auto wrap = [&](std::uint64_t lpos) { return (lpos & l_.word_mask) / text_size_; };
    std::uint64_t offset = 0, length = 0;
    if (wrap(begin) == wrap(next - 1) && begin != next) {
        offset = begin & (text_size_ - 1);
        length = (next - begin) & l_.word_mask;
    } else if (wrap(begin + text_size_) == wrap(next)) {
        length = next & (text_size_ - 1);
    }
    record.text_state = PrintkText::Unreadable;
    if (length < l_.word || length > text_size_)
        return failures_.add(ErrorCode::Corrupt, "the text lies at an impossible place in the ring",
                             text_ + offset);

    if (text_len > length - l_.word)
        failures_.add(ErrorCode::Corrupt, "the text is said to be longer than its place in the ring",
                      text_ + offset);
    text_bytes_.resize(l_.word + std::min(text_len, length - l_.word));
    if (auto done = memory_.read(text_ + offset, text_bytes_); !done) return failures_.add(done.error());
    if ((word(reader(text_bytes_), 0) & id_mask()) != id)
        return failures_.add(ErrorCode::Corrupt, "the text's place was taken by another record",
                             text_ + offset);
    record.text = as_text(Bytes(text_bytes_).subspan(l_.word));
    record.text_state = PrintkText::Present;
}

}  // namespace

void read_ring(const AddressSpace& memory, const VmcoreInfo& info, KernelLog& log) {
    log.format = PrintkFormat::Ring;
    const auto layout = ring_layout(info);
    if (!layout) {
        log.problems.push_back(layout.error());
        return;
    }
    Ring ring(memory, *layout, log);
    if (auto opened = ring.open(*info.symbol("prb")); !opened) {
        opened.error().message = fmt::format("the kernel log: {}", opened.error().message);
        log.problems.push_back(std::move(opened.error()));
        return;
    }
    ring.read_all();
}

}  // namespace postmortem::printk
