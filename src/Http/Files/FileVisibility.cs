using Events.Commands.Permissions;
using Events.Http.Auth;
using Events.Workers.Files;

namespace Events.Http.Files;

internal static class FileVisibility
{
    /// <summary>What others put together may hold projects that the caller must not know of, and a backup holds every event.</summary>
    public static bool Sees(this Caller caller, StoredFile file) =>
        file.CreatedBy == caller.Actor
        || (caller.HiddenProjects.Count == 0 && (file.Purpose != FilePurpose.Export || caller.Permissions.Holds(Permission.EventsRead)));
}
