#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

class Writer {
  public:
    explicit Writer(const OomTable& table) : table_(table), page_kib_(table.page_size / 1024) {}

    Json document() const {
        Json processes = Json::array();
        for (const OomProcess& process : table_.processes) processes.push_back(entry(process));
        Json document{{"page_size", table_.page_size},
                      {"ram_kib", kib(table_.ram_pages)},
                      {"swap_kib", kib(table_.swap_pages)},
                      {"rule", table_.rule}};
        document["choice"] = entry(table_.choice);
        document["processes"] = std::move(processes);
        document["by_command"] = entries(table_.by_command);
        document["by_user"] = entries(table_.by_user);
        document["by_cgroup"] = entries(table_.by_cgroup);
        document["problems"] = json_problems(table_.problems);
        return document;
    }

  private:
    Json kib(const std::optional<std::uint64_t>& pages) const {
        return pages ? Json(*pages * page_kib_) : Json(nullptr);
    }
    Json entry(const OomMemory& memory) const {
        return {{"rss_kib", memory.rss_pages() * page_kib_},
                {"anon_kib", memory.anon_pages * page_kib_},
                {"file_kib", memory.file_pages * page_kib_},
                {"shmem_kib", memory.shmem_pages * page_kib_},
                {"swap_kib", memory.swap_entries * page_kib_},
                {"page_tables_kib", memory.page_table_bytes / 1024}};
    }
    Json entry(const std::optional<OomMemory>& memory) const {
        return memory ? entry(*memory) : Json(nullptr);
    }

    static std::string_view word(OomImmunity immunity) {
        switch (immunity) {
            case OomImmunity::None: return "none";
            case OomImmunity::Init: return "init";
            case OomImmunity::KernelThread: return "kernel-thread";
            case OomImmunity::NoMemory: return "no-memory";
            case OomImmunity::AdjMin: return "adj-min";
            case OomImmunity::Skipped: return "skipped";
            case OomImmunity::Vfork: return "vfork";
        }
        return "none";
    }

    static std::string_view word(OomChoice::Outcome outcome) {
        switch (outcome) {
            case OomChoice::Outcome::Kills: return "kills";
            case OomChoice::Outcome::Waits: return "waits";
            case OomChoice::Outcome::Nobody: return "nobody";
            case OomChoice::Outcome::Unknown: return "unknown";
        }
        return "unknown";
    }

    Json entry(const OomProcess& process) const {
        Json json{{"pid", process.pid}};
        json["ppid"] = json_optional(process.ppid);
        json["uid"] = json_optional(process.uid);
        json["comm"] = json_text(process.comm);
        json["task"] = json_address(process.task);
        json["mm"] = process.mm == 0 ? Json(nullptr) : json_address(process.mm);
        json["threads"] = process.threads;
        json["cgroup"] = process.cgroup.empty() ? Json(nullptr) : json_text(process.cgroup);
        json["vsz_kib"] = kib(process.total_vm_pages);
        json["memory"] = entry(process.memory);
        json["counted"] = entry(process.counted);
        json["oom_score_adj"] = json_optional(process.oom_score_adj);
        json["oom_score"] = json_optional(process.oom_score);
        json["badness_pages"] = json_optional(process.badness);
        json["immunity"] = word(process.immunity);
        json["exiting"] = process.exiting;
        json["oom_victim"] = process.oom_victim;
        json["reaped"] = process.reaped;
        json["frozen"] = process.frozen;
        json["kill_first"] = process.kill_first;
        json["mm_through"] = json_optional(process.mm_through);
        json["shares_mm_with"] = process.shares_mm_with;
        return json;
    }

    static Json entry(const OomChoice& choice) {
        Json json{{"outcome", word(choice.outcome)}};
        json["cgroup"] = json_text(choice.cgroup);
        json["pid"] = json_optional(choice.pid);
        json["badness_pages"] = json_optional(choice.badness);
        json["total_pages"] = choice.total_pages;
        json["constraint"] = choice.constraint;
        json["incomplete"] = choice.incomplete;
        json["allocating_task"] = choice.allocating_task;
        json["whole_group"] = choice.whole_group.empty() ? Json(nullptr) : json_text(choice.whole_group);
        json["candidates"] = choice.candidates;
        json["not_allowed"] = choice.not_allowed;
        return json;
    }

    Json entries(const std::vector<OomConsumer>& consumers) const {
        Json list = Json::array();
        for (const OomConsumer& consumer : consumers)
            list.push_back({{"name", json_text(consumer.name)},
                            {"processes", consumer.processes},
                            {"memory", entry(consumer.memory)}});
        return list;
    }

    const OomTable& table_;
    std::uint64_t page_kib_;
};

}  // namespace

std::string to_json(const OomTable& table) {
    return json_document(Writer(table).document());
}

}  // namespace postmortem
