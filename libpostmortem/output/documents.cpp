#include "output/documents.h"

#include <algorithm>

#include "output/describe.h"
#include "output/shared_fields.h"

namespace postmortem {

struct AddressSpaces;
struct AddressTranslations;
struct BacktraceList;
struct CheckView;
struct ConvertedAddresses;
struct CrashReport;
struct DentryInfo;
struct DeviceTable;
struct Disassembly;
struct DumpInformation;
struct EvaluatedNumber;
struct ExpressionResult;
struct FileUsers;
struct FirmwareStrings;
struct HangReport;
struct InterruptTable;
struct InterruptVectors;
struct IoResources;
struct IpcList;
struct KernelConfig;
struct KernelLog;
struct KernelMemory;
struct LoadedModules;
struct Machine;
struct MemorySearch;
struct MemoryWords;
struct MountList;
struct NetDeviceList;
struct OomCgroupTree;
struct OomDocument;
struct OpenFiles;
struct PanicAnalysis;
struct PciBuses;
struct PendingTimers;
struct PrintkSafeBuffers;
struct ProcessStatus;
struct RunQueues;
struct SignalList;
struct SlabContents;
struct FreeMemory;
struct MemoryLayoutReport;
struct PageList;
struct PageMembers;
struct CachedPages;
struct NeighbourList;
struct SocketList;
struct SocketStructs;
struct SourcePlace;
struct StackCheck;
struct StackScan;
struct StructView;
struct SwapList;
struct SymbolListing;
struct SystemCallTable;
struct TableEntries;
struct TaskContext;
struct TaskList;
struct TaskStructs;
struct Triage;
struct UnsentAudits;
struct WaitQueue;
struct WalkedStructs;
struct WhatIs;

void describe(Describer<AddressSpaces>& spaces);
void describe(Describer<AddressTranslations>& all);
void describe(Describer<BacktraceList>& list);
void describe(Describer<CheckView>& check);
void describe(Describer<ConvertedAddresses>& converted);
void describe(Describer<CrashReport>& report);
void describe(Describer<DentryInfo>& info);
void describe(Describer<DeviceTable>& answer);
void describe(Describer<Disassembly>& code);
void describe(Describer<DumpInformation>& info);
void describe(Describer<EvaluatedNumber>& number);
void describe(Describer<ExpressionResult>& result);
void describe(Describer<FileUsers>& users);
void describe(Describer<FirmwareStrings>& answer);
void describe(Describer<HangReport>& report);
void describe(Describer<InterruptTable>& answer);
void describe(Describer<InterruptVectors>& table);
void describe(Describer<IoResources>& resources);
void describe(Describer<IpcList>& list);
void describe(Describer<KernelConfig>& answer);
void describe(Describer<KernelLog>& log);
void describe(Describer<KernelMemory>& memory);
void describe(Describer<LoadedModules>& answer);
void describe(Describer<Machine>& machine);
void describe(Describer<MemorySearch>& search);
void describe(Describer<MemoryWords>& words);
void describe(Describer<MountList>& list);
void describe(Describer<NetDeviceList>& list);
void describe(Describer<OomCgroupTree>& tree);
void describe(Describer<OomDocument>& oom);
void describe(Describer<OpenFiles>& files);
void describe(Describer<PanicAnalysis>& analysis);
void describe(Describer<PciBuses>& buses);
void describe(Describer<PendingTimers>& timers);
void describe(Describer<PrintkSafeBuffers>& answer);
void describe(Describer<ProcessStatus>& status);
void describe(Describer<RunQueues>& queues);
void describe(Describer<SignalList>& list);
void describe(Describer<SlabContents>& contents);
void describe(Describer<FreeMemory>& memory);
void describe(Describer<MemoryLayoutReport>& layout);
void describe(Describer<PageList>& list);
void describe(Describer<PageMembers>& pages);
void describe(Describer<CachedPages>& pages);
void describe(Describer<NeighbourList>& list);
void describe(Describer<SocketList>& list);
void describe(Describer<SocketStructs>& structs);
void describe(Describer<SourcePlace>& source);
void describe(Describer<StackCheck>& check);
void describe(Describer<StackScan>& scan);
void describe(Describer<StructView>& view);
void describe(Describer<SwapList>& list);
void describe(Describer<SymbolListing>& listing);
void describe(Describer<SystemCallTable>& answer);
void describe(Describer<TableEntries>& all);
void describe(Describer<TaskContext>& context);
void describe(Describer<TaskList>& list);
void describe(Describer<TaskStructs>& structs);
void describe(Describer<Triage>& triage);
void describe(Describer<UnsentAudits>& answer);
void describe(Describer<WaitQueue>& queue);
void describe(Describer<WalkedStructs>& walked);
void describe(Describer<WhatIs>& answer);
const Description& signature_document();

std::span<const Document> documents() {
    static constexpr Document all[] = {
        {"report", "report --json DUMP", description<CrashReport>},
        {"panic", "panic --json DUMP|LOG", description<PanicAnalysis>},
        {"hang", "hang --json DUMP", description<HangReport>},
        {"signature", "signature --json DUMP|LOG", signature_document},
        {"check", "check --json DUMP|LOG...", description<CheckView>},
        {"triage", "triage --json DIR|DUMP|LOG...", description<Triage>},
        {"sys", "sys --json DUMP", description<SystemInfo>},
        {"sys-calls", "sys -c --json DUMP", description<SystemCallTable>},
        {"sys-config", "sys --json DUMP config", description<KernelConfig>},
        {"sys-dmi", "sys -i --json DUMP", description<FirmwareStrings>},
        {"ps", "ps --json DUMP", description<TaskList>},
        {"set", "set --json DUMP", description<TaskContext>},
        {"ps-details", "ps --json DUMP with -s, -Y, -p, -c, -g, -t, -l, -m, -a or -r",
         description<ProcessStatus>},
        {"task", "task --json DUMP", description<TaskStructs>},
        {"bt", "bt --json DUMP", description<BacktraceList>},
        {"bt-exception-stacks", "bt -E --json DUMP", description<StackScan>},
        {"bt-overflows", "bt -v --json DUMP", description<StackCheck>},
        {"runq", "runq --json DUMP", description<RunQueues>},
        {"struct", "struct --json DUMP TYPE", description<StructView>},
        {"rd", "rd --json DUMP ADDRESS", description<MemoryWords>},
        {"sym", "sym --json DUMP SYMBOL", description<SymbolListing>},
        {"dis", "dis --json DUMP ADDRESS", description<Disassembly>},
        {"dis-source", "dis -s --json DUMP ADDRESS", description<SourcePlace>},
        {"eval", "eval --json DUMP EXPRESSION", description<EvaluatedNumber>},
        {"btop", "btop|ptob|ptov --json DUMP ADDRESS", description<ConvertedAddresses>},
        {"vtop", "vtop --json DUMP ADDRESS", description<AddressTranslations>},
        {"pte", "pte --json DUMP CONTENTS", description<TableEntries>},
        {"kmem", "kmem --json DUMP", description<KernelMemory>},
        {"kmem-slabs", "kmem -S --json DUMP", description<SlabContents>},
        {"kmem-free", "kmem -f --json DUMP", description<FreeMemory>},
        {"kmem-nodes", "kmem -n --json DUMP", description<MemoryLayoutReport>},
        {"files-pages", "files -p INODE --json DUMP", description<CachedPages>},
        {"net-neighbours", "net -a --json DUMP", description<NeighbourList>},
        {"kmem-members", "kmem -m MEMBER --json DUMP", description<PageMembers>},
        {"kmem-pages", "kmem -p --json DUMP", description<PageList>},
        {"search", "search --json DUMP VALUE", description<MemorySearch>},
        {"list", "list|tree --json DUMP ADDRESS", description<WalkedStructs>},
        {"whatis", "whatis --json DUMP NAME", description<WhatIs>},
        {"p", "p --json DUMP EXPRESSION", description<ExpressionResult>},
        {"vm", "vm --json DUMP", description<AddressSpaces>},
        {"files", "files --json DUMP", description<OpenFiles>},
        {"files-dentry", "files --json -d DENTRY DUMP", description<DentryInfo>},
        {"sig", "sig --json DUMP", description<SignalList>},
        {"mount", "mount --json DUMP", description<MountList>},
        {"swap", "swap --json DUMP", description<SwapList>},
        {"ipcs", "ipcs --json DUMP", description<IpcList>},
        {"net", "net --json DUMP", description<NetDeviceList>},
        {"net-sockets", "net -s --json DUMP", description<SocketList>},
        {"net-structs", "net -S --json DUMP", description<SocketStructs>},
        {"fuser", "fuser --json DUMP", description<FileUsers>},
        {"waitq", "waitq --json DUMP", description<WaitQueue>},
        {"log", "log --json DUMP", description<KernelLog>},
        {"log-audit", "log -a --json DUMP", description<UnsentAudits>},
        {"log-safe-buffers", "log -s --json DUMP", description<PrintkSafeBuffers>},
        {"mod", "mod --json DUMP", description<LoadedModules>},
        {"irq", "irq --json DUMP", description<InterruptTable>},
        {"irq-vectors", "irq -d --json DUMP", description<InterruptVectors>},
        {"dev-pci", "dev -p --json DUMP", description<PciBuses>},
        {"timer", "timer --json DUMP", description<PendingTimers>},
        {"dev-io", "dev -i --json DUMP", description<IoResources>},
        {"dev", "dev --json DUMP", description<DeviceTable>},
        {"mach", "mach --json DUMP", description<Machine>},
        {"meminfo", "meminfo --json DUMP", description<MemoryPicture>},
        {"info", "info --json DUMP", description<DumpInformation>},
        {"oom", "oom --json DUMP|LOG", description<OomDocument>},
        {"oom-tree-of-log", "oom --tree --json LOG", description<OomCgroupTree>},
        {"oom-tree-of-dump", "oom --tree --json DUMP", description<CgroupTree>},
    };
    return all;
}

namespace {

void collect(const Description& description, std::vector<const Description*>& parts) {
    for (const AnswerField& field : description.fields) {
        const AnswerType* type = &field.type;
        while (!type->element.empty()) type = &type->element.front();
        if (!type->object) continue;
        const bool known = std::find(parts.begin(), parts.end(), type->object) != parts.end();
        if (!type->object->name.empty() && !field.name.empty()) {
            if (known) continue;
            parts.push_back(type->object);
        }
        collect(*type->object, parts);
    }
}

}  // namespace

std::vector<const Description*> named_parts(const Description& description) {
    std::vector<const Description*> parts;
    collect(description, parts);
    return parts;
}

std::string anchor(std::string_view name) {
    std::string text(name);
    std::replace(text.begin(), text.end(), ' ', '-');
    return text;
}

}  // namespace postmortem
