#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace jackdaw::store {

// A moment inside a writing function, between two things that reach the disk one after the other. "Written" means in
// an open transaction, of which a crash leaves nothing; "committed" that it survives while the caller does not know.
enum class StoreStep {
  kOpenMigrated,            // opening: the database is in its newest format
  kOpenLogCut,              // opening: the log of the process before is in the database file
  kOpenSpoolEmptied,        // opening: what was being received is gone, and backups that nobody fetched
  kOpenLeftoversCollected,  // opening: originals that nothing names are gone
  kAcceptBegun,             // accept: the spool file is whole, nothing more
  kAcceptFileSynced,        // accept: its bytes are on the disk
  kAcceptOriginalMoved,     // accept: it stands under originals/, that name is not on the disk
  kAcceptOriginalKept,      // accept: the name is on the disk too, no table has it
  kAcceptRowsWritten,
  kAcceptCommitted,
  kAcceptOriginalRemoved,  // accept: the original of the job that was there before is gone
  kBeginWritten,
  kBeginCommitted,
  kCompleteBegun,
  kCompleteOldDeleted,  // complete: in the transaction, the version before has no rows any more
  kCompletePagesWritten,
  kCompleteChunksWritten,
  kCompleteRowsWritten,  // complete: all of it, the transaction is not committed
  kCompleteCommitted,
  kCompleteOriginalRemoved,  // complete: of the version before; its bytes may still be in the log
  kFailWritten,
  kFailCommitted,
  kCancelWritten,
  kCancelCommitted,
  kPutBackWritten,
  kPutBackCommitted,
  kRetryWritten,
  kRetryCommitted,
  kKeepPageWritten,
  kKeepPageCommitted,
  kEditWritten,
  kEditCommitted,
  kRemoveWritten,
  kRemoveCommitted,  // remove: no table names the document, its original and its bytes in the log still stand
  kOriginalRemoved,  // remove: its bytes are still in the log
  kLogCutting,       // nobody reads, the log is about to move into the database file
  kLogCut,           // the log is empty, the caller does not know yet
  kAnswersWritten,
  kAnswersKept,
  kAnswersForgotten,     // forget_answers_before: no table holds these answers, their bytes in the log still stand
  kConversationWritten,  // create_conversation
  kConversationCommitted,
  kConversationRenameWritten,
  kConversationRenameCommitted,
  kConversationRemoveWritten,
  kConversationRemoveCommitted,  // no table holds its messages and answers, their bytes in the log still stand
  kTurnWritten,                  // begin_turn: the question and the place of its answer
  kTurnCommitted,
  kNewVectorsBegun,
  kNewVectorsWritten,
  kNewVectorsKept,
  kNewVectorsUseWritten,
  kNewVectorsUsed,
  kBackupFolderMade,
  kBackupOriginalsLinked,  // backup: the moment that it shows is fixed
  kBackupDatabaseCopied,
  kBackupSynced,   // backup: everything but its manifest is on the disk
  kBackupWritten,  // backup: whole, the caller does not know yet
};

// "accept_committed" for kAcceptCommitted and so on; total over the enum.
std::string_view to_string(StoreStep step) noexcept;
// The inverse; nothing for a word that names no step.
std::optional<StoreStep> store_step_from(std::string_view name) noexcept;
// Each once, in the order of the enum.
std::span<const StoreStep> all_store_steps() noexcept;

}  // namespace jackdaw::store
