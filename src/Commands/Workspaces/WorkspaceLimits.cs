namespace Events.Commands.Workspaces;

public static class WorkspaceLimits
{
    public const int Name = 100;
    public const int Members = 2_000;
    public const int OpenInvitations = 500;
    public const int Labels = 500;
    public const int LabelName = 60;
    public const int LabelDescription = 200;
    public const int Tokens = 500;
    public const int TokenName = 100;
    public const int Settings = 100;
    public const int SettingValue = 2_000;
    public const int Features = 100;
    public const int RestrictedProjects = 1_000;

    public static readonly TimeSpan TokenLifetime = TimeSpan.FromDays(366);
    public static readonly TimeSpan InvitationLifetime = TimeSpan.FromDays(14);
}
