#include <postmortem/backtrace.h>

namespace postmortem {

std::string_view to_string(FrameTrust trust) {
    switch (trust) {
        case FrameTrust::Registers: return "registers";
        case FrameTrust::Orc: return "orc";
        case FrameTrust::CallSite: return "call-site";
        case FrameTrust::LinkRegister: return "link-register";
        case FrameTrust::FramePointer: return "frame-pointer";
        case FrameTrust::Scan: break;
    }
    return "scan";
}

std::string_view to_string(StackKind kind) {
    switch (kind) {
        case StackKind::Task: return "task";
        case StackKind::Irq: return "irq";
        case StackKind::Nmi: return "nmi";
        case StackKind::DoubleFault: return "double-fault";
        case StackKind::StackFault: return "stack-fault";
        case StackKind::Debug: return "debug";
        case StackKind::MachineCheck: return "machine-check";
        case StackKind::VmmCommunication: return "vmm-communication";
        case StackKind::Overflow: return "overflow";
        case StackKind::Sdei: return "sdei";
        case StackKind::Untranslated: return "nodat";
        case StackKind::Restart: return "restart";
        case StackKind::Entry: break;
    }
    return "entry";
}

std::string_view to_string(StackView view) {
    switch (view) {
        case StackView::Frames: return "frames";
        case StackView::Text: return "text";
        case StackView::WholeText: return "whole-text";
        case StackView::SavedFrames: return "saved-frames";
        case StackView::Raw: break;
    }
    return "raw";
}

std::string_view to_string(BacktraceEnd end) {
    switch (end) {
        case BacktraceEnd::User: return "user";
        case BacktraceEnd::Kernel: return "kernel";
        case BacktraceEnd::Lost: return "lost";
        case BacktraceEnd::None: break;
    }
    return "none";
}

}  // namespace postmortem
