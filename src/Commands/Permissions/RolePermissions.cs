using System.Diagnostics;
using Events.Commands.Workspaces;

namespace Events.Commands.Permissions;

/// <summary>What each role may do. Each role may do what the one below it may.</summary>
public static class RolePermissions
{
    private static readonly PermissionSet Viewer = PermissionSet.Of(
        Permission.TasksRead, Permission.ProjectsRead, Permission.LabelsRead, Permission.FilesRead, Permission.JobsRead,
        Permission.NotificationsRead, Permission.NotificationsWrite, Permission.MembersRead, Permission.WorkspaceRead);

    private static readonly PermissionSet Member = Viewer.Or(PermissionSet.Of(
        Permission.TasksWrite, Permission.ProjectsWrite, Permission.LabelsWrite, Permission.FilesWrite, Permission.ImportsRead,
        Permission.ImportsWrite, Permission.ExportsRead, Permission.ExportsWrite, Permission.JobsWrite, Permission.EventsRead,
        Permission.TokensRead, Permission.TokensWrite));

    private static readonly PermissionSet Admin = Member.Or(PermissionSet.Of(
        Permission.MembersWrite, Permission.WebhooksRead, Permission.WebhooksWrite, Permission.WorkspaceWrite, Permission.AuditRead));

    /// <summary>What being named an operator of the installation adds to a role.</summary>
    public static PermissionSet Operator { get; } = PermissionSet.Of(Permission.OperationsRead, Permission.OperationsWrite);

    /// <summary>An owner may no more than an admin, but only an owner may make and unmake owners.</summary>
    public static PermissionSet Of(WorkspaceRole role) => role switch
    {
        WorkspaceRole.Viewer => Viewer,
        WorkspaceRole.Member => Member,
        WorkspaceRole.Admin or WorkspaceRole.Owner => Admin,
        _ => throw new UnreachableException($"No such role: {role}."),
    };
}
