document.getElementById("app").textContent = "The page is being written.";
