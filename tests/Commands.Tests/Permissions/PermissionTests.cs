using Events.Commands.Permissions;
using Events.Commands.Workspaces;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.Permissions;

public sealed class PermissionTests
{
    [Fact]
    public void Each_role_may_do_what_the_one_below_it_may()
    {
        var roles = Enum.GetValues<WorkspaceRole>().Order().ToArray();
        foreach (var (lower, higher) in roles.Zip(roles.Skip(1)))
            RolePermissions.Of(higher).Covers(RolePermissions.Of(lower)).ShouldBeTrue($"{higher} covers {lower}");
    }

    [Fact]
    public void No_role_operates_the_installation()
    {
        foreach (var role in Enum.GetValues<WorkspaceRole>())
            RolePermissions.Of(role).And(RolePermissions.Operator).ShouldBe(PermissionSet.None);
    }

    [Fact]
    public void A_viewer_changes_nothing_of_the_workspace() =>
        RolePermissions.Of(WorkspaceRole.Viewer).Names.Where(name => name.EndsWith(":write", StringComparison.Ordinal))
            .ShouldBe([Permission.NotificationsWrite]);

    [Fact]
    public void Sets_hold_what_they_were_made_of()
    {
        var set = PermissionSet.Of(Permission.TasksRead, Permission.AuditRead, "no:such");
        set.Names.ShouldBe([Permission.TasksRead, Permission.AuditRead]);
        set.Holds("no:such").ShouldBeFalse();
        Permission.All.Count.ShouldBeLessThanOrEqualTo(64);
        Permission.All.ShouldBeUnique();
    }
}
