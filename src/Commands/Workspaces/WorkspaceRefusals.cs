using Events.Commands.Deciding;

namespace Events.Commands.Workspaces;

internal static class WorkspaceRefusals
{
    public static Decision NoWorkspace { get; } = Decision.Refuse("workspace_not_found", "There is no such workspace.");

    public static Decision NoMember { get; } = Decision.Refuse("member_not_found", "There is no such member.");

    public static Decision NoSuchPeople { get; } = Decision.Refuse("people_not_found", "Not all of these are members.", "/memberIds");

    public static Decision NoInvitation { get; } = Decision.Refuse("invitation_not_found", "There is no such invitation, or it has expired.");

    public static Decision NoLabel { get; } = Decision.Refuse("label_not_found", "There is no such label.");

    public static Decision NoToken { get; } = Decision.Refuse("token_not_found", "There is no such token.");

    public static Decision LastOwner { get; } = Decision.Refuse("last_owner", "A workspace keeps at least one owner.");

    public static Decision AboveOwnRole { get; } = Decision.Refuse("role_above_own", "This takes a higher role than yours.", "/role");

    public static Decision TooMany(string what, int limit) => Decision.Refuse("limit_reached", $"A workspace has at most {limit} {what}.");
}
