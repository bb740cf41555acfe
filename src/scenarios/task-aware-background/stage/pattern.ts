/** The shell pattern under test, as published: a subshell in the background rewrites the task's file where it lies. */
import { utf8, type Bytes } from "../../../core/bytes.js";

/**
 * Takes SESSION, TASK_ID, SUBJECT and DESCRIPTION from its environment. It writes every member that TaskCreate wrote, because a
 * document without them is no task to TaskGet; it takes no lock and writes in place, as the published one did.
 */
export const PATTERN = `#!/bin/sh
# Start long task in background
(
  sleep 2
  # Update task when done
  cat > "$HOME/.claude/tasks/$SESSION/$TASK_ID.json" << EOF
{
  "id": "$TASK_ID",
  "subject": "$SUBJECT",
  "description": "$DESCRIPTION",
  "activeForm": "$ACTIVE_FORM",
  "status": "completed",
  "blocks": [],
  "blockedBy": [],
  "metadata": {
    "completedAt": "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  }
}
EOF
) &
`;

export const patternBytes = (): Bytes => utf8(PATTERN);
