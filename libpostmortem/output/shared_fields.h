// The parts that several documents have: each is described beside the maker of its own document.
#pragma once

namespace postmortem {

template <class S>
class Describer;
class Description;

struct Backtrace;
struct CgroupTree;
struct HangVerdict;
struct LogEvent;
struct MemoryPicture;
struct OomTable;
struct PrintkRecord;
struct SystemInfo;
struct TaintFlag;
struct TaskInfo;
struct TaskMention;

void describe(Describer<Backtrace>& trace);
void describe(Describer<CgroupTree>& tree);
void describe(Describer<HangVerdict>& verdict);
void describe(Describer<LogEvent>& event);
void describe(Describer<MemoryPicture>& picture);
void describe(Describer<OomTable>& table);
void describe(Describer<PrintkRecord>& record);
void describe(Describer<SystemInfo>& system);
void describe(Describer<TaintFlag>& flag);
void describe(Describer<TaskInfo>& task);
void describe(Describer<TaskMention>& task);

const Description& event_summary();   ///< what `signature` and `check` tell of a LogEvent
const Description& system_summary();  ///< a SystemInfo without its problems

}  // namespace postmortem
