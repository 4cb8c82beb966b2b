#include <postmortem/log_text.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<UnsentAudit>& message) {
    message.add("type", &UnsentAudit::type, "AUDIT_* of include/uapi/linux/audit.h");
    message.add("text", &UnsentAudit::text, "of the message");
    message.add("queue", &UnsentAudit::queue, "which of the kernel's queues holds it");
}

void describe(Describer<UnsentAudits>& audits) {
    audits.is_document();
    audits.add("messages", &UnsentAudits::messages, "oldest first, queue by queue").answer();
    add_problems(audits);
}

void describe(Describer<PrintkSafeBuffer>& buffer) {
    buffer.add("name", &PrintkSafeBuffer::name, "`nmi_print_seq`, `safe_print_seq`");
    buffer.add("cpu", &PrintkSafeBuffer::cpu, "whose it is");
    buffer.add("address", &PrintkSafeBuffer::address, "where it lies").address();
    buffer.add("length", &PrintkSafeBuffer::length, "of what it holds: bytes");
    buffer.add("lost", &PrintkSafeBuffer::lost, "messages that found no room");
    buffer.add("text", &PrintkSafeBuffer::text, "what it holds");
}

void describe(Describer<PrintkSafeBuffers>& buffers) {
    buffers.is_document();
    buffers.add("buffers", &PrintkSafeBuffers::buffers, "empty where the kernel has none (5.15 and later)")
        .answer();
    add_problems(buffers);
}

std::string to_json(const UnsentAudits& audits) {
    return json_document(audits);
}

std::string to_json(const PrintkSafeBuffers& buffers) {
    return json_document(buffers);
}

}  // namespace postmortem
