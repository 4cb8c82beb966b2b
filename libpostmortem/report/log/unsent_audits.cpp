#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/log_text.h>

#include "base/problem_collector.h"
#include "kernel/kernel.h"

namespace postmortem {
namespace {

// The queues of kernel/audit.c: three since 4.10 (5b52330bbfe6), before that two.
constexpr const char* queues[] = {"audit_retry_queue", "audit_hold_queue", "audit_queue",
                                  "audit_skb_hold_queue", "audit_skb_queue"};
constexpr std::size_t most_messages = 1u << 20;
constexpr std::uint64_t longest_message = 64 * 1024;
constexpr std::uint64_t header_bytes = 16, type_offset = 4;  // struct nlmsghdr

class AuditReader {
  public:
    explicit AuditReader(const Kernel& kernel) : kernel_(kernel) {}

    UnsentAudits read() {
        UnsentAudits audits;
        bool any = false;
        for (const char* queue : queues) {
            const auto head = kernel_.symbol(queue);
            any = any || head || head.error().code != ErrorCode::NotFound;
            if (!head && head.error().code != ErrorCode::NotFound)
                problems_.add("a queue of audit messages", head.error());
            if (!head) continue;
            read_queue(queue, *head, audits);
        }
        if (!any)
            problems_.add({ErrorCode::NotFound, "this kernel has no queue of audit messages (CONFIG_AUDIT)"});
        audits.problems = problems_.take();
        return audits;
    }

  private:
    // A struct sk_buff_head is a ring of struct sk_buff, both of which start with `next`.
    void read_queue(const char* name, std::uint64_t head, UnsentAudits& audits) {
        const AddressSpace& memory = kernel_.memory();
        auto buffer = memory.word(head);
        for (std::size_t i = 0; buffer && *buffer != head && *buffer != 0; ++i) {
            if (i == most_messages) {
                problems_.add({ErrorCode::Corrupt, fmt::format("{} does not end", name), head});
                return;
            }
            if (auto message = read_message(*buffer)) {
                message->queue = name;
                audits.messages.push_back(std::move(*message));
            } else {
                problems_.add("an audit message", fmt::format("of {}", name), message.error());
            }
            buffer = memory.word(*buffer);
        }
        if (!buffer) problems_.add("the queue of audit messages", name, buffer.error());
    }

    Result<UnsentAudit> read_message(std::uint64_t buffer) const {
        const AddressSpace& memory = kernel_.memory();
        const Object packet = kernel_.object("sk_buff", buffer);
        const auto data = packet["data"].u64(), length = packet["len"].u64();
        if (!data) return fail(data.error());
        if (!length) return fail(length.error());
        if (*length < header_bytes || *length > longest_message)
            return fail(ErrorCode::Corrupt, fmt::format("it is {} bytes long", *length), buffer);
        const auto type = memory.get<std::uint16_t>(*data + type_offset);
        if (!type) return fail(type.error());
        auto text = memory.c_string(*data + header_bytes, *length - header_bytes);
        if (!text) return fail(std::move(text.error()));
        return UnsentAudit{*type, std::move(*text), {}};
    }

    const Kernel& kernel_;
    ProblemCollector problems_;
};

}  // namespace

UnsentAudits unsent_audits(const CrashDump& dump) {
    return AuditReader(dump.kernel()).read();
}

}  // namespace postmortem
