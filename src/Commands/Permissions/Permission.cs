using System.Collections.Frozen;

namespace Events.Commands.Permissions;

/// <summary>The names that endpoints require and tokens are scoped by: <c>noun:act</c>.</summary>
public static class Permission
{
    public const string TasksRead = "tasks:read";
    public const string TasksWrite = "tasks:write";
    public const string ProjectsRead = "projects:read";
    public const string ProjectsWrite = "projects:write";
    public const string LabelsRead = "labels:read";
    public const string LabelsWrite = "labels:write";
    public const string FilesRead = "files:read";
    public const string FilesWrite = "files:write";
    public const string ImportsRead = "imports:read";
    public const string ImportsWrite = "imports:write";
    public const string ExportsRead = "exports:read";
    public const string ExportsWrite = "exports:write";
    public const string JobsRead = "jobs:read";
    public const string JobsWrite = "jobs:write";
    public const string NotificationsRead = "notifications:read";
    public const string NotificationsWrite = "notifications:write";
    public const string EventsRead = "events:read";
    public const string WebhooksRead = "webhooks:read";
    public const string WebhooksWrite = "webhooks:write";
    public const string MembersRead = "members:read";
    public const string MembersWrite = "members:write";
    public const string WorkspaceRead = "workspace:read";
    public const string WorkspaceWrite = "workspace:write";
    public const string TokensRead = "tokens:read";
    public const string TokensWrite = "tokens:write";
    public const string AuditRead = "audit:read";

    /// <summary>Of the installation, not of a workspace: no role grants them, only being named an operator does.</summary>
    public const string OperationsRead = "operations:read";

    /// <inheritdoc cref="OperationsRead"/>
    public const string OperationsWrite = "operations:write";

    /// <summary>All names; a permission's place here is its bit in a <see cref="PermissionSet"/>. At most 64.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        TasksRead, TasksWrite, ProjectsRead, ProjectsWrite, LabelsRead, LabelsWrite, FilesRead, FilesWrite, ImportsRead, ImportsWrite,
        ExportsRead, ExportsWrite, JobsRead, JobsWrite, NotificationsRead, NotificationsWrite, EventsRead, WebhooksRead, WebhooksWrite,
        MembersRead, MembersWrite, WorkspaceRead, WorkspaceWrite, TokensRead, TokensWrite, AuditRead, OperationsRead, OperationsWrite,
    ];

    private static readonly FrozenDictionary<string, int> Bits =
        All.Select((name, bit) => KeyValuePair.Create(name, bit)).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The permission's bit, or -1 for a name that is none.</summary>
    public static int BitOf(string name) => Bits.GetValueOrDefault(name, -1);
}
