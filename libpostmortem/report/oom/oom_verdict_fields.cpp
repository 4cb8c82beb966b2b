#include <postmortem/oom.h>

#include "output/json.h"
#include "report/oom/oom_fields.h"

namespace postmortem {

void describe(Describer<OomEvidence>& number) {
    number.add("name", &OomEvidence::name, "what it counts");
    number.add("value", &OomEvidence::value, "in `unit`");
    number.add("unit", &OomEvidence::unit, "`kB`, `pages`, `bytes`, `percent` or empty");
}

void describe(Describer<OomFinding>& finding) {
    finding.is("finding", "A sentence of the verdict");
    finding.word("kind", &OomFinding::kind, OomFindingKind::Panic,
                 "what it is about; docs/oom.md tells when each is claimed");
    finding.add("text", &OomFinding::text, "the sentence");
    finding.add("numbers", &OomFinding::numbers, "that it rests on");
}

void describe(Describer<OomHolder>& holder) {
    holder.is("holder", "Whose memory it was, added up from the process table");
    holder.add("name", &OomHolder::name, "of the program or user");
    holder.add("processes", &OomHolder::processes, "their number");
    holder.add("rss_pages", &OomHolder::rss_pages, "resident");
    holder.add("swap_pages", &OomHolder::swap_pages, "swapped out");
    holder.add("uid", &OomHolder::uid, "of a user");
}

void describe(Describer<OomBalance>& balance) {
    balance.add("total_kib", &OomBalance::total_kib, "present memory without what was reserved at boot");
    balance.map("parts_kib", &OomBalance::parts_kib, "that do not overlap");
    balance.add("unaccounted_kib", &OomBalance::unaccounted_kib,
                "negative where counters overlap or changed while they were printed");
    balance.add("shmem_kib", &OomBalance::shmem_kib,
                "part of anonymous and unevictable memory, not of the sum");
    balance.add("page_size_assumed", &OomBalance::page_size_assumed,
                "no line tells the page size: 4 KiB was taken");
}

void describe(Describer<OomVerdict>& verdict) {
    verdict.is("verdict", "What an OOM means");
    verdict.add("summary", &OomVerdict::summary, "one sentence: what ran out, and what was done about it");
    verdict.add("why", &OomVerdict::why, "the allocation could not be met");
    verdict.add("who", &OomVerdict::who, "held the memory, and whether the right one was killed");
    verdict.add("next_steps", &OomVerdict::next_steps, "what to do");
    verdict.add("unknown", &OomVerdict::unknown,
                "what the report does not say, and what that keeps us from knowing");
    verdict.add("balance", &OomVerdict::balance, "where all the memory is, as far as the counters tell");
    verdict.add("top_names", &OomVerdict::top_names, "programs that held most");
    verdict.add("top_users", &OomVerdict::top_users, "users that held most");
}

}  // namespace postmortem
