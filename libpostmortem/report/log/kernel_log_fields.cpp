#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<PrintkCaller>& caller) {
    caller.add("interrupt", &PrintkCaller::interrupt, "not in task context");
    caller.add("pid", &PrintkCaller::pid, "of the calling or interrupted thread");
    caller.add("cpu", &PrintkCaller::cpu, "that it ran on");
    caller.add("comm", &PrintkCaller::comm, "name of that thread").or_null();
}

void describe(Describer<PrintkRecord>& record) {
    record.is("record", "What one call of printk said");
    record.add("seq", &PrintkRecord::seq, "counts from 0 at boot; 5.10 and later");
    record.add("time_ns", &PrintkRecord::time_ns, "since boot");
    record.add("facility", &PrintkRecord::facility, "as in syslog; 0: the kernel");
    record.add("level", &PrintkRecord::level, "0 emergency … 7 debug");
    record.add("caller", &PrintkRecord::caller, "who called printk, where the kernel noted it");
    record.map("dictionary", &PrintkRecord::dictionary, "what dev_printk() adds: `SUBSYSTEM`, `DEVICE`, …");
    record
        .add("text_state", &PrintkRecord::text_state,
             "whether the text is all there; `dropped`: the kernel had no room for it; `unreadable`: not in "
             "the dump")
        .one_of({"present", "empty-line", "dropped", "unreadable"});
    record.add("text", &PrintkRecord::text, "without a final newline");
}

void describe(Describer<KernelLog>& log) {
    log.is_document();
    log.add("format", &KernelLog::format,
            "which of printk's buffers the kernel has: 5.10 and later, 3.5 to 5.9, before")
        .one_of({"unknown", "ring", "records", "flat"});
    log.add("records", &KernelLog::records, "oldest first").answer();
    log.add("failed_calls", &KernelLog::failed_calls, "calls of printk that found no room at all");
    log.add("unfinished_records", &KernelLog::unfinished,
            "that a CPU was still writing when the kernel died");
    add_problems(log);
}

std::string to_json(const KernelLog& log) {
    return json_document(log);
}

std::string to_ndjson(const KernelLog& log) {
    return ndjson_lines(log);
}

}  // namespace postmortem
