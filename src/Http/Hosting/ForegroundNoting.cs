using Events.Platform.Pacing;

namespace Events.Http.Hosting;

/// <summary>Tells long work that somebody waits for an answer. Looking after jobs is not work that they should give way to.</summary>
public static class ForegroundNoting
{
    private static readonly PathString Api = "/api/v1";
    private static readonly PathString Jobs = "/api/v1/jobs";

    public static void UseForeground(this IApplicationBuilder app)
    {
        var foreground = app.ApplicationServices.GetRequiredService<ForegroundLoad>();
        app.Use(next => http =>
        {
            if (http.Request.Path is var path && path.StartsWithSegments(Api) && !path.StartsWithSegments(Jobs))
                foreground.Note();
            return next(http);
        });
    }
}
